"""Matches all names in a table to files at once, and says what was ignored, what is in doubt, or why nothing matches."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signjax.data.clip import Say
from signjax.data.tables.pairing.file_names import would_match
from signjax.data.tables.pairing.loose_names import Pairing, pair
from signjax.errors import InputError, first_few

# Times, frames and classes are not names of files, even where a file happens to be called so.
_COUNT = re.compile(r"-?\d{0,3}(?:\.\d+)?")
_SHOWN = 3  # names of either side in the message that none match


@dataclass(frozen=True)
class Matched:
    """The files of the names in a table.

    Attributes:
      exact: name -> index of the file that it names exactly.
      loose: the other names that have a file.
    """

    exact: Mapping[str, int]
    loose: Pairing

    def file(self, text: str) -> int | None:
        """The index of a name's file; None if it has none."""
        return self.exact.get(text, self.loose.files.get(text))

    def why_not(self, text: str, missing: str) -> tuple[str, str]:
        """The reason and the detail for the quarantine of a name without a file; `missing` is the detail if no file fits."""
        doubt = self.loose.doubtful.get(text)
        return ("missing_file", missing) if doubt is None else ("ambiguous_name", f"{text}: {doubt}")


class Matcher:
    """Matches names to files.

    Args:
      files: their names, by which messages call them, in order.
      find: the index of the file that a name means exactly.
    """

    def __init__(self, files: Sequence[str], find: Callable[[str], int | None]):
        self._files = files
        self._find = find

    def match(self, texts: Sequence[str], classes: Collection[str] = ()) -> Matched:
        """The files of all names in a table; `classes` are the names of classes, as they are written."""
        exact = {text: index for text in texts if (index := self._find(text)) is not None}
        return Matched(exact, pair(texts, self._files, exact, {name.casefold() for name in classes}))

    def finds(self, texts: Sequence[str]) -> bool:
        """Whether any of the names has a file."""
        matched = self.match(texts)
        return bool(matched.exact or matched.loose.files)

    def say(self, matched: Matched, table: Path, say: Say) -> None:
        """Says which names were matched although they differ from those of their files, and which are in doubt."""
        loose = matched.loose
        if loose.files:
            text, index = next(iter(loose.files.items()))
            one = len(loose.files) == 1
            say(
                f"{table}: {len(loose.files)} name{' is' if one else 's are'} matched to {'a file' if one else 'files'} of a "
                f"different name, such as {text!r} to {self._files[index]!r}; ignored: {', '.join(loose.ignored)}"
            )
        if loose.doubtful:
            text, doubt = next(iter(loose.doubtful.items()))
            one = len(loose.doubtful) == 1
            say(
                f"{table}: {len(loose.doubtful)} name{' is' if one else 's are'} ambiguous and left out, such as {text!r}: {doubt}"
            )

    def none_matches(
        self, texts: Sequence[str], columns: Mapping[str, Sequence[str]], matched: Matched, table: Path, what: str
    ) -> InputError:
        """The error that no row names a file: some names of both sides, and what would make them match.

        Args:
          texts: the names in the table, one for each row.
          columns: the values of the table's other columns.
          matched: the names in doubt.
          table: the table.
          what: what no row has or is, to follow "none of its clips".
        """
        others = [
            column for column, values in columns.items() if self.finds([v for v in values if not _COUNT.fullmatch(v)])
        ]
        different = list(dict.fromkeys(texts))
        if others:
            advice = f'Column {others[0]!r} names files; choose it with --config.data.columns="clip={others[0]}"'
        elif matched.loose.doubtful:
            text, doubt = next(iter(matched.loose.doubtful.items()))
            advice = f"{text!r} is ambiguous: {doubt}"
        else:
            advice = would_match(different, self._files) or (
                "Column 'file', or 'clip' if there is no 'file', must hold file names; if another column does, name it with "
                f'--config.data.columns="clip=COLUMN" (label columns: {", ".join(columns) or "none"})'
            )
        return InputError(
            f"{table}: none of its {len(texts)} clips (first: {first_few(different[:_SHOWN])}) {what} "
            f"(first: {', '.join(self._files[:_SHOWN])}). {advice}"
        )
