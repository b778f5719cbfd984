import codecs

import pytest

from signjax.data.tables.encodings import likely_encoding, text_of
from signjax.data.tables.label_table import read_label_table
from signjax.errors import InputError

TABLE = "clip,gloss\na,AĞAÇ\n"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_table_with_a_byte_order_mark_is_read(tmp_path, suffix, encoding):
    record = '{"clip": "a", "gloss": "AĞAÇ"}'
    text = {".csv": TABLE, ".txt": TABLE.replace(",", "\t"), ".json": f"[{record}]", ".jsonl": record}[suffix]
    (tmp_path / f"t{suffix}").write_bytes(text.encode(encoding))
    (row,) = read_label_table(tmp_path / f"t{suffix}")
    assert (row.name, row.labels["gloss"]) == ("a", "AĞAÇ")


def test_both_byte_orders(tmp_path):
    for mark, encoding in ((codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        (tmp_path / "t.csv").write_bytes(mark + TABLE.encode(encoding))
        assert text_of(tmp_path / "t.csv") == TABLE


@pytest.mark.parametrize(
    ("text", "encoding", "likely"),
    [
        ("größer, MAß", "cp1252", "windows-1252"),
        ("señal, ÉTÉ", "latin-1", "windows-1252"),
        ("ağaç, IŞIK, kuş", "cp1254", "windows-1254"),
        ("książka, ŻÓŁTY", "cp1250", "windows-1250"),
        ("привет, МИР", "cp1251", "windows-1251"),
        ("\u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5", "cp1253", "windows-1253"),
        ("你好,世界,手语", "gbk", "gb18030"),
        ("こんにちは、手話", "shift-jis", "shift-jis"),
        ("안녕하세요 수어", "euc-kr", "euc-kr"),
        ("größer, maß", "mac-roman", "macroman"),
    ],
)
def test_the_probable_encoding_is_named_and_shown(tmp_path, text, encoding, likely):
    content = f"clip,gloss\na,{text}\n".encode(encoding)
    assert likely_encoding(content) == likely
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_label_table(tmp_path / "t.csv")
    first = next(byte for byte in content if byte > 127)
    assert f"line 2: expected UTF-8, found the byte 0x{first:02x}. Save the table as UTF-8" in str(caught.value)
    assert f"probably in {likely} " in str(caught.value) and f"line 2 reads 'a,{text}'" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.encode("utf-16-le"), r"probably UTF-16 \(little-endian\)\. Save the table as UTF-8"),
        (TABLE.encode("utf-16-be"), r"probably UTF-16 \(big-endian\)"),
        (codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le")[:-1], "begins like UTF-16, but is cut short"),
        (b"PK\x03\x04abc", r"the file is a workbook \(.xlsx, .ods\) or another ZIP archive\. Open it"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip. Unpack it"),
        (b"\x80\x04\x95\x00", "the file is a pickle"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS.*git lfs pull"),
        (b"\n <!DOCTYPE html>\n<html>", "a web page. Download the file itself"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_what_is_no_text_is_named(tmp_path, content, message, suffix):
    (tmp_path / f"t{suffix}").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_label_table(tmp_path / f"t{suffix}")


def test_bytes_that_are_in_no_encoding():
    assert likely_encoding(b"\xb0 \xb0") is None
    assert likely_encoding(b"plain") is None
