"""The HamNoSys parser: every symbol of a string is in the tree exactly once, and an error names the position."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from signjax.data.__main__ import main
from signjax.data.hamnosys import Leaf, Node, UnparsedError, attributes, explain, parse
from signjax.data.hamnosys.command import code_points
from signjax.data.hamnosys.symbols import SYMBOLS
from signjax.errors import InputError
from tests.hamnosys_strings import string

# One string for each form of the notation, composed by hand.
FORMS = {
    "one hand": "finger2 extfingeru palml forehead touch moved",
    "mirrored, repeated": "symmlr flathand thumbacrossmod extfingerul palmd chest close moveo smallmod repeatfromstart",
    "plane of symmetry, alternating": "symmlr fingerstraightmod largemod alternatingmotion "
    "fist extfingero palml moved repeatreverse",
    "between": "finger2 between finger23 extfingeru between extfingerul palml between palmd "
    "chest between stomach moved between mover",
    "single fingers": "finger2345 middlefinger fingerhookmod pinky extfingeru palml nomotion",
    "fingers touching": "pinch12 thumb fingertip middlefinger fingerpad extfingeru palml mover",
    "two postures": "parbegin fist extfingeru palml plus flathand extfingero palmd parend touch moveu",
    "two handshapes, one orientation": "symmlr parbegin fist plus flathand parend extfingeru palml mover",
    "two orientations": "symmlr fist parbegin extfingeru palml plus extfingero palmd parend mover",
    "two palms": "symmlr fist extfingeru parbegin palml plus palmr parend mover",
    "same shape for the other hand": "parbegin fist extfingeru palml plus nondominant etc extfingero palmd parend touch mover",
    "two locations": "symmlr fist extfingeru palml parbegin chest lrat touch plus lrat stomach parend mover",
    "on the hand": "parbegin fist extfingeru palml plus flathand extfingero palmu parend "
    "parbegin fingertip indexfinger plus palm parend touch chest moveu",
    "contact by a part": "finger2 extfingeru palml chin seqbegin touch fingerpad indexfinger seqend mover",
    "change": "pinchall extfingeru palml parbegin moveo replace flathand thumbopenmod extfingero palmd parend",
    "change of both": "symmlr fist parbegin extfingeru palml plus extfingero palmd parend replace "
    "parbegin extfingerl palml plus extfingerr palmd parend",
    "hands move apart": "symmlr fist extfingeru palml parbegin moveu smallmod plus nomotion parend repeatfromstart",
    "sequence": "fist extfingeru palml seqbegin mover smallmod moved smallmod seqend repeatfromstart",
    "fusion": "fist extfingeru palml fusionbegin mover moved fusionend",
    "brushing": "fist extfingeru palml mover smallmod seqbegin brushing chest lrat touch seqend",
    "repeated otherwise": "fist extfingeru palml mover seqbegin repeatfromstartseveral moved smallmod seqend",
    "circle": "finger2 extfingeru palml circleo largemod clocku fast",
    "arc": "finger2 extfingeru palml moved arcr smallmod increasing",
    "local": "finger2345 extfingeru palml fingerplay",
    "mimed": "finger2 extfingeru palml mime",
    "non-manual": "head nodding finger2 extfingeru palml moved",
    "non-dominant hand": "nondominant fist extfingeru palml chest moved",
    "choice": "altbegin fist metaalt flathand altend extfingeru palml altbegin moved metaalt moveu altend",
    "compound": "fist extfingeru palml moved plus symmlr flathand extfingero palmd mover space",
}


def leaves(tree: Node) -> list[Leaf]:
    return list(tree.leaves())


@pytest.mark.parametrize("form", FORMS)
def test_every_symbol_stands_in_the_tree_exactly_once_and_in_order(form):
    text = string(FORMS[form])
    found = leaves(parse(text))
    assert [leaf.position for leaf in found] == list(range(len(text)))
    assert "".join(leaf.symbol.character for leaf in found) == text


@pytest.mark.parametrize("form", FORMS)
def test_random_orders_of_the_same_symbols_are_refused(form):
    text, rng = string(FORMS[form]), random.Random(0)
    orders = {"".join(rng.sample(text, len(text))) for _ in range(200)} - {text}
    parsed = sum(_parses(order) for order in orders)
    assert parsed <= 0.05 * len(orders)


@pytest.mark.parametrize("form", FORMS)
def test_a_string_without_its_handshape_or_with_a_foreign_character_is_refused(form):
    text = string(FORMS[form])
    bases = {symbol.character for symbol in SYMBOLS.values() if symbol.role == "base"}
    assert not _parses("".join(character for character in text if character not in bases))
    for position in range(len(text) + 1):
        with pytest.raises(UnparsedError) as caught:
            parse(text[:position] + "x" + text[position:])
        assert caught.value.position <= position


def _parses(text: str) -> bool:
    try:
        parse(text)
    except UnparsedError:
        return False
    return True


def test_an_error_names_position_symbol_and_what_would_fit():
    with pytest.raises(UnparsedError) as caught:
        parse(string("fist extfingeru chest moved"))
    assert caught.value.position == 2
    assert str(caught.value).startswith("position 3 of 4, U+E052 hamchest: expected ")
    assert "palm" in str(caught.value)
    with pytest.raises(UnparsedError, match="after 2 symbols, end of the string"):
        parse(string("fist extfingeru"))
    with pytest.raises(UnparsedError, match="not a HamNoSys symbol"):
        parse("\ue0ff")
    with pytest.raises(UnparsedError, match="after 0 symbols"):
        parse("")


def test_attributes_of_a_sign_with_one_hand():
    found = attributes(
        parse(
            string(
                "finger2 thumboutmod fingerhookmod extfingerul palmdl chin lrat touch circleo largemod repeatfromstart"
            )
        )
    )
    assert found == {
        "symmetry": "one hand", "handshape": "index finger", "thumb": "out", "bending": "hooked",
        "finger_direction": "up-left", "palm": "down-left", "location": "chin", "movement": "circle", "direction": "out",
        "size": "large", "repetition": "repeated", "contact": "contact",
    }  # fmt: skip


def test_what_is_not_written_is_neutral_plain_or_not_labelled():
    found = attributes(parse(string("fist extfingeru palml nodding")))
    assert (found["location"], found["thumb"], found["bending"]) == ("neutral space", "plain", "plain")
    assert (found["movement"], found["repetition"], found["contact"]) == ("local", "once", "none")
    assert "direction" not in found
    assert not any(name.startswith("other_") for name in found)


def test_the_other_hand_has_its_own_attributes_where_they_are_written():
    found = attributes(parse(string(
        "parbegin fist extfingeru palml plus flathand thumboutmod extfingero palmu parend "
        "parbegin chest plus stomach parend parbegin moveu plus nomotion parend"
    )))  # fmt: skip
    assert found["symmetry"] == "different"
    assert (found["handshape"], found["other_handshape"]) == ("fist", "flat hand")
    assert (found["thumb"], found["other_thumb"]) == ("plain", "out")
    assert (found["palm"], found["other_palm"]) == ("left", "up")
    assert (found["location"], found["other_location"]) == ("chest", "stomach")
    assert (found["movement"], found["other_movement"]) == ("straight", "hold")
    assert (found["direction"], found.get("other_direction")) == ("up", None)


def test_the_bar_of_a_symmetry_operator_is_no_bending_of_the_fingers():
    assert attributes(parse(string(FORMS["plane of symmetry, alternating"])))["bending"] == "plain"


def test_only_the_first_sign_of_a_compound_counts():
    found = attributes(
        parse(string("fist extfingeru palml moved plus symmlr flathand extfingero palmd chest touch repeatfromstart"))
    )
    assert (found["symmetry"], found["contact"], found["repetition"]) == ("one hand", "none", "once")


def test_explain_says_each_block_in_words():
    words = explain(parse(string(FORMS["mirrored, repeated"])))
    for said in ("both hands, mirrored", "flat hand, thumb across", "fingers pointing up-left, palm facing down", "chest, close",
                 "moving out, small", "once more from the start"):  # fmt: skip
        assert said in words


@pytest.mark.parametrize("form", FORMS)
def test_explain_has_words_for_every_form(form):
    assert explain(parse(string(FORMS[form])))


def test_code_points_may_be_typed():
    text = string("fist extfingeru")
    for typed in (text, "U+E000 U+E020", "U+E000U+E020", r"\ue000\ue020", r"\uE000, 0xe020"):
        assert code_points(typed) == text
    for typed in ("fist", "", "U+E00"):
        with pytest.raises(InputError, match="U\\+E000"):
            code_points(typed)


def test_the_command_explains_a_string(capsys):
    assert main(["hamnosys", "U+E000 U+E020 U+E03E U+E084"]) == 0
    out = capsys.readouterr().out
    assert "hamfist" in out and "moving down" in out and "handshape: fist" in out
    assert main(["hamnosys", "U+E000 U+E0D8"]) == 1
    assert "position 2 of 2, U+E0D8 hamrepeatfromstart" in capsys.readouterr().out
    assert main(["hamnosys", "fist"]) == 2


def test_check_lists_what_failed_and_counts_last(tmp_path, capsys):
    table = {"good": {"hamnosys": string(FORMS["one hand"])}, "bad": {"hamnosys": "\ue000"}, "none": {"type_name": "A"}}
    path = tmp_path / "data.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    assert main(["hamnosys", "--check", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("bad: after 1 symbols, end of the string: expected ")
    assert lines[1] == "none: column hamnosys is empty"
    assert lines[-1] == "parsed 1 of 3 strings"
    path.write_text(json.dumps({"good": table["good"]}), encoding="utf-8")
    assert main(["hamnosys", "--check", str(path)]) == 0
    assert main(["hamnosys", "--check", str(tmp_path / "absent.json")]) == 2


@pytest.fixture(scope="module")
def real_strings() -> dict[str, str]:
    folder = os.environ.get("SIGNJAX_DATA")
    path = Path(folder) / "hamnosys" / "data.json" if folder else None
    if path is None or not path.is_file():
        pytest.skip("SIGNJAX_DATA names no folder with hamnosys/data.json")
    return {clip: row["hamnosys"] for clip, row in json.loads(path.read_text(encoding="utf-8")).items()}


def test_the_published_strings_parse(real_strings):
    parsed = []
    for text in real_strings.values():
        try:
            parsed.append(parse(text))
        except UnparsedError as error:
            assert 0 <= error.position <= len(text)
    assert len(parsed) >= 0.99 * len(real_strings)
    symmetry = Counter(attributes(tree)["symmetry"] for tree in parsed)
    assert len(symmetry) == 4
    assert max(symmetry.values()) / len(parsed) == pytest.approx(0.44, abs=0.02)
    assert len({attributes(tree)["handshape"] for tree in parsed}) == 12


def test_the_published_strings_shuffled_are_refused(real_strings):
    rng = random.Random(0)
    long = [text for text in real_strings.values() if len(text) >= 6][:1000]
    assert sum(_parses("".join(rng.sample(text, len(text)))) for text in long) <= 0.01 * len(long)
