"""Names that users choose and that have broken a page, a picture or a file."""

CLASSES = (
    "$\\foo{$", "😀 hi", "你好", "نعم", "_underscore", "<script>alert(1)</script>", "two\nlines", "a & b", "=SUM(A1)", "'=x",
    "\x00nul\x1b[31m", "long " * 60 + "a", "long " * 60 + "b", "\\u4f60\\u597d",
)  # fmt: skip
HEADS = (
    "gloss", "a", "a_label", "a/b", "..", "con", "\u200b", "x" * 300, "_a", "frames", "source", "split", "clip", "signer",
    "mirrored", "group", "$\\foo{$", "<b>", "=1+1", "Gloss", "a:b", "你好", "&amp;", "two\nlines", "\x00", "\udcff",
)  # fmt: skip
