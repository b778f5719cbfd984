"""Composes HamNoSys strings for tests from the names of symbols."""

from signjax.data.hamnosys.symbols import SYMBOLS

_BY_NAME = {symbol.name.removeprefix("ham"): symbol.character for symbol in SYMBOLS.values()}


def string(names: str) -> str:
    """`fist extfingeru` as code points."""
    return "".join(_BY_NAME[name] for name in names.split())
