"""Makes user-given names safe for matplotlib."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib import font_manager

from signjax.data.visible import distinct, escaped, shortened, visible

_USUAL_FONT = "DejaVu Sans"  # comes with matplotlib
_PLACEHOLDERS = "Last Resort"  # a font that draws every character as an empty box
_REGULAR = 400
_LONGEST = 28


@contextmanager
def text_as_it_stands(names: Iterable[str]) -> Iterator[None]:
    """A context in which matplotlib parses no text as a formula and uses fonts that have the names' characters.

    Figures must be created and saved inside it.
    """
    families, _ = _fonts_for("".join(names))
    with mpl.rc_context({"text.parse_math": False, "font.family": families}), warnings.catch_warnings():
        # The bold or italic face of a family may lack characters of its regular one; the picture then shows a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def plot_labels(names: Sequence[str]) -> list[str]:
    """Labels for names in a picture: short, and different for different names.

    Characters that no font on this machine has are written as escapes.
    """
    texts = [visible(name) for name in names]
    _, missing = _fonts_for("".join(texts))
    shown = ("".join(escaped(char) if char in missing else char for char in text) for text in texts)
    return distinct(shortened(text, _LONGEST) for text in shown)


def _fonts_for(text: str) -> tuple[list[str], set[str]]:
    """The font families needed to draw a text, as few as possible, and the characters that no font has."""
    families = [_USUAL_FONT]
    missing = set(text) - _characters(font_manager.findfont(_USUAL_FONT))
    for entry in font_manager.fontManager.ttflist:
        if not missing:
            break
        usual = (entry.style, entry.weight, entry.stretch) == ("normal", _REGULAR, "normal")
        if not usual or entry.name in families or entry.name.startswith(_PLACEHOLDERS):
            continue
        found = missing & _characters(entry.fname)
        if found:
            families.append(entry.name)
            missing -= found
    return families, missing


def _characters(path: str) -> set[str]:
    """The characters a font has."""
    try:
        font = font_manager.get_font(path)
    except (OSError, RuntimeError):  # not a font after all
        return set()
    return set(map(chr, font.get_charmap())) if font.scalable else set()
