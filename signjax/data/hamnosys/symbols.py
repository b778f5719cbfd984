"""The symbols of HamNoSys 4: code point, name, meaning, and role in a string.

Names are those of the HamNoSys 4 font and of SiGML. Source: the inventory of the LaTeX package `hamnosys` (Schulder and
Hanke, 2022); Hanke (2004), HamNoSys: representing sign language data in language resources and language processing contexts.
"""

from dataclasses import dataclass

_DIRECTION_WORDS = {"u": "up", "d": "down", "l": "left", "r": "right", "o": "out", "i": "in"}

# Finger directions and straight movements are in this order, palms in that of its first eight, circles in their own.
_DIRECTIONS = ["u", "ur", "r", "dr", "d", "dl", "l", "ul", "ol", "o", "or", "il", "i", "ir", "ui", "di", "do", "uo"]
_CIRCLES = ["o", "i", "d", "u", "l", "r", "ul", "dr", "ur", "dl", "ol", "ir", "or", "il", "ui", "do", "uo", "di"]
_CLOCKS = ["u", "ul", "l", "dl", "d", "dr", "r", "ur"]


@dataclass(frozen=True)
class Symbol:
    """One symbol of the notation.

    Attributes:
      character: the code point.
      name: as in SiGML, `hamfist`.
      role: its role in the grammar: `base`, `thumb`, `palm`, ...
      words: its meaning in English; for classes of a head, the class name.
    """

    character: str
    name: str
    role: str
    words: str


def direction_words(letters: str) -> str:
    """`ul` -> `up-left`; out is away from the signer, in is towards."""
    return "-".join(_DIRECTION_WORDS[letter] for letter in letters)


_NAMED = (
    # first code point, role, (name without `ham`, words)...
    (0xE000, "base", (
        ("fist", "fist"), ("flathand", "flat hand"), ("finger2", "index finger"), ("finger23", "two fingers"),
        ("finger23spread", "two fingers spread"), ("finger2345", "four fingers spread"),
        ("pinch12", "pinch"), ("pinchall", "pinch of all fingers"), ("pinch12open", "open pinch"),
        ("cee12", "C of thumb and index"), ("ceeall", "C of all fingers"), ("ceeopen", "open C"),
    )),
    (0xE00C, "thumb", (("thumboutmod", "out"), ("thumbacrossmod", "across"), ("thumbopenmod", "open"))),
    (0xE010, "bending", (
        ("fingerstraightmod", "straight"), ("fingerbendmod", "bent"), ("fingerhookmod", "hooked"),
        ("doublebent", "double bent"), ("doublehooked", "double hooked"),
    )),
    (0xE040, "place", (
        ("head", "head"), ("headtop", "top of the head"), ("forehead", "forehead"), ("eyebrows", "eyebrows"), ("eyes", "eyes"),
        ("nose", "nose"), ("nostrils", "nostrils"), ("ear", "ear"), ("earlobe", "ear lobe"), ("cheek", "cheek"), ("lips", "lips"),
        ("tongue", "tongue"), ("teeth", "teeth"), ("chin", "chin"), ("underchin", "under the chin"), ("neck", "neck"),
        ("shouldertop", "top of the shoulder"), ("shoulders", "shoulders"), ("chest", "chest"), ("stomach", "stomach"),
        ("belowstomach", "below the stomach"),
    )),
    (0xE058, "side", (("lrbeside", "beside"), ("lrat", "at the side"))),
    (0xE05A, "reference", (("coreftag", "place named"), ("corefref", "the place named"))),
    (0xE05F, "place", (("neutralspace", "neutral space"),)),
    (0xE060, "hand area", (
        ("upperarm", "upper arm"), ("elbow", "elbow"), ("elbowinside", "inside of the elbow"), ("lowerarm", "lower arm"),
        ("wristback", "back of the wrist"), ("wristpulse", "pulse"), ("thumbball", "ball of the thumb"), ("palm", "palm"),
        ("handback", "back of the hand"), ("thumbside", "thumb side"), ("pinkyside", "little finger side"),
    )),
    (0xE070, "finger", (
        ("thumb", "thumb"), ("indexfinger", "index"), ("middlefinger", "middle finger"), ("ringfinger", "ring finger"),
        ("pinky", "little finger"),
    )),
    (0xE075, "finger part", (
        ("fingertip", "tip"), ("fingernail", "nail"), ("fingerpad", "pad"), ("fingermidjoint", "middle joint"),
        ("fingerbase", "base"), ("fingerside", "side"),
    )),
    (0xE07C, "wrist bend", (
        ("wristtopulse", "wrist bent to the pulse"), ("wristtoback", "wrist bent to the back"),
        ("wristtothumb", "wrist bent to the thumb"), ("wristtopinky", "wrist bent to the little finger"),
    )),
    (0xE0A4, "local", (
        ("fingerplay", "fingers play"), ("nodding", "hand nods"), ("swinging", "hand swings"), ("twisting", "hand twists"),
        ("stircw", "stirs clockwise"), ("stirccw", "stirs anticlockwise"),
    )),
    (0xE0AA, "replace", (("replace", "changes to"),)),
    (0xE0AD, "cross", (("movecross", "crosswise"), ("moveX", "diagonally crosswise"))),
    (0xE0AF, "hold", (("nomotion", "no motion"),)),
    (0xE0B8, "clock", (("clockfull", "a full turn"),)),
    (0xE0B9, "shape", (
        ("arcl", "arc to the left"), ("arcu", "arc upwards"), ("arcr", "arc to the right"), ("arcd", "arc downwards"),
        ("wavy", "wavy"), ("zigzag", "zigzag"),
    )),
    (0xE0C0, "ellipse", (
        ("ellipseh", "ellipse, flat"), ("ellipseur", "ellipse, up-right"), ("ellipsev", "ellipse, upright"),
        ("ellipseul", "ellipse, up-left"),
    )),
    (0xE0C4, "growth", (("increasing", "increasing"), ("decreasing", "decreasing"))),
    (0xE0C6, "size", (("smallmod", "small"), ("largemod", "large"))),
    (0xE0C8, "manner", (("fast", "fast"), ("slow", "slow"), ("tense", "tense"), ("rest", "rest"), ("halt", "halting"))),
    (0xE0D0, "contact", (("close", "close"), ("touch", "touching"), ("interlock", "interlocked"), ("cross", "crossed"))),
    (0xE0D4, "stretch", (("armextended", "arm extended"), ("behind", "behind"))),
    (0xE0D6, "brush", (("brushing", "brushing"),)),
    (0xE0D8, "repeat", (
        ("repeatfromstart", "once more from the start"), ("repeatfromstartseveral", "several times from the start"),
        ("repeatcontinue", "once more, going on"), ("repeatcontinueseveral", "several times, going on"),
        ("repeatreverse", "and back"),
    )),
    (0xE0DD, "alternate", (("alternatingmotion", "hands alternating"),)),
    (0xE0E0, "sequence open", (("seqbegin", "["),)),
    (0xE0E1, "sequence close", (("seqend", "]"),)),
    (0xE0E2, "parallel open", (("parbegin", "("),)),
    (0xE0E3, "parallel close", (("parend", ")"),)),
    (0xE0E4, "fusion open", (("fusionbegin", "<"),)),
    (0xE0E5, "fusion close", (("fusionend", ">"),)),
    (0xE0E6, "between", (("between", "between that and"),)),
    (0xE0E7, "plus", (("plus", "+"),)),
    (0xE0E8, "symmetry", (("symmpar", "both hands, in parallel"), ("symmlr", "both hands, mirrored"))),
    (0xE0EA, "nondominant", (("nondominant", "non-dominant hand"), ("nonipsi", "on the other side of the body"))),
    (0xE0EC, "same", (("etc", "and so on"),)),
    (0xE0ED, "relative", (("orirelative", "relative to the movement"),)),
    (0xE0F0, "mime", (("mime", "mimed"),)),
    (0xE0F1, "version", (("version40", "HamNoSys 4.0"),)),
    (0x0020, "space", (("space", "space"),)),
    (0x0021, "punctuation", (("exclaim", "!"),)),
    (0x002C, "punctuation", (("comma", ","),)),
    (0x002E, "punctuation", (("fullstop", "."),)),
    (0x003F, "punctuation", (("query", "?"),)),
    (0x007B, "choice open", (("altbegin", "either"),)),
    (0x007C, "choice bar", (("metaalt", "or"),)),
    (0x007D, "choice close", (("altend", "end of the choice"),)),
)  # fmt: skip

_DIRECTED = (
    # first code point, role, name without `ham` and direction, directions
    (0xE020, "finger direction", "extfinger", _DIRECTIONS),
    (0xE038, "palm", "palm", _DIRECTIONS[:8]),
    (0xE080, "path", "move", _DIRECTIONS),
    (0xE092, "circle", "circle", _CIRCLES),
    (0xE0B0, "clock", "clock", _CLOCKS),
)


def _all_symbols() -> dict[str, Symbol]:
    symbols = [
        Symbol(chr(first + i), f"ham{name}", role, words)
        for first, role, named in _NAMED
        for i, (name, words) in enumerate(named)
    ] + [
        Symbol(chr(first + i), f"ham{name}{letters}", role, direction_words(letters))
        for first, role, name, directions in _DIRECTED
        for i, letters in enumerate(directions)
    ]
    return {symbol.character: symbol for symbol in symbols}


# Character -> symbol.
SYMBOLS = _all_symbols()


def describe(character: str) -> str:
    """A character as messages name it: `U+E000 hamfist`."""
    symbol = SYMBOLS.get(character)
    return f"U+{ord(character):04X} {symbol.name if symbol else '(not a HamNoSys symbol)'}"
