"""Which file a name in a table means exactly: the path relative to the source's folder or the file's own name, with or without the
suffix; and what to change where no name means any file.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from signjax.data.tables.names import bare, canonical

# A backslash between folders, as on Windows, but not the one in the escapes that `canonical` writes.
_BACKSLASH = re.compile(r"\\(?!ud[c-f][0-9a-f]{2})")
_TRIED = 200  # names of either side among which a rule is looked for


def slashed(path: str) -> str:
    """A name in the form used for comparing tables and folders, with `/` between folders."""
    return _BACKSLASH.sub("/", canonical(path)).removeprefix("./")


def own_name(key: str) -> str:
    """A name without the folders above it."""
    return key.rpartition("/")[2]


class FileNames:
    """Finds the file that a name means: its path relative to the source's folder or its own name, with or without the suffix.

    Args:
      files: the files' paths relative to the source's folder, in order.
      suffixes: those that may be left out of a name.
    """

    def __init__(self, files: Sequence[str], suffixes: Sequence[str]):
        self._suffixes = suffixes
        self.full = [slashed(file) for file in files]
        self.keys = [self.key(name) for name in self.full]
        self._count = Counter(self.key(name) for name in set(self.full))
        self._owners = Counter(map(own_name, self.keys))
        # The first file for each name: in full, without its suffix, and also without the folders above it.
        self._by_full: dict[str, int] = {}
        self._by_key: dict[str, int] = {}
        self._by_own: dict[str, int] = {}
        for index, (full, key) in enumerate(zip(self.full, self.keys, strict=True)):
            self._by_full.setdefault(full, index)
            self._by_key.setdefault(key, index)
            self._by_own.setdefault(own_name(key), index)

    def key(self, name: str) -> str:
        """A name without its suffix."""
        suffix = next((suffix for suffix in self._suffixes if name.lower().endswith(suffix)), "")
        return name[: len(name) - len(suffix)]

    def find(self, text: str) -> int | None:
        """The first file with that name."""
        return next((index for index in self._found(text) if index is not None), None)

    def is_path(self, text: str) -> bool:
        """Whether a file has that path, with or without the suffix, and not only that own name."""
        return any(index is not None for index in self._found(text)[:2])

    def _found(self, text: str) -> tuple[int | None, int | None, int | None]:
        full = slashed(text)
        key = self.key(full)
        return self._by_full.get(full), self._by_key.get(key), self._by_own.get(key)

    def twin(self, index: int) -> int:
        """The first file that shares a name with this one; the file itself if it is the first."""
        first = self._by_key[self.keys[index]]
        return first if first != index else self._by_own[own_name(self.keys[index])]

    def shortest(self, index: int) -> str:
        """The shortest name that no other file shares."""
        own = own_name(self.keys[index])
        if self._owners[own] == 1:
            return own
        return self.keys[index] if self.is_alone(index) else self.full[index]

    def is_alone(self, index: int) -> bool:
        """Whether no other file differs only in its suffix."""
        return self._count[self.keys[index]] == 1


def would_match(texts: Sequence[str], files: Sequence[str]) -> str:
    """A sentence on what to ignore so that some names of a table, none of which means a file, would; empty if nothing helps.

    >>> would_match(["Hello_1.mp4", "BYE"], ["hello_1.npy", "x.npy"])
    "If upper and lower case were ignored, 1 of them would match, such as 'Hello_1.mp4' and 'hello_1.npy'"
    """
    stems = [(text, _stem(text)) for text in texts]
    for rule, key in _RULES:
        of_key = {key(_stem(file)): file for file in reversed(files)}
        found = [(text, of_key[key(stem)]) for text, stem in stems if key(stem) and key(stem) in of_key]
        if found:
            return _sentence(f"If {rule} were ignored", len(found), *found[0])
    found = [
        (text, file)
        for text, stem in stems[:_TRIED]
        for file in files[:_TRIED]
        if stem and (stem in _stem(file) or (_stem(file) and _stem(file) in stem))
    ]
    if not found:
        return ""
    return _sentence("If a name counted that is only a part of the other", len({text for text, _ in found}), *found[0])


def _sentence(rule: str, count: int, text: str, file: str) -> str:
    return f"{rule}, {count} of them would match, such as {text!r} and {file!r}"


def _stem(name: str) -> str:
    return re.sub(r"(?<=.)(\.[A-Za-z][A-Za-z0-9]{1,7})+$", "", own_name(slashed(name)))


def _numbers(stem: str) -> str:
    """The numbers in a name without leading zeros."""
    return " ".join(str(int(number)) for number in re.findall(r"\d{1,15}", stem))


# What a rule ignores, and the key that names have in common by it. The strictest rule first.
_RULES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("folders and suffixes", str),
    ("upper and lower case", str.casefold),
    ("case, blanks, hyphens and underscores", bare),
    ("leading zeros", lambda stem: stem.lstrip("0") if stem.isdigit() else ""),
    ("everything except the numbers", _numbers),
)
