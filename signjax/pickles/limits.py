"""Bounds on the time and memory a file may cost, and the error raised for every refused file."""

from dataclasses import dataclass

# The ends of some messages: of files that are damaged, and of those that ask for code to be run.
AGAIN = "; copy or download the file again"
NOT_RUN = ". Nothing in the file was run"
SKIP_UNKNOWN = (
    "; `--skip-unknown` of `python -m signjax.pickles`, in Python `load(path, skip_unknown=True)`, reads everything else and "
    "leaves a named placeholder for it"
)


def raised_by(name: str) -> str:
    """The end of the message about a limit that was reached."""
    return f"`--limit {name}=N`, in Python `Limits({name}=N)`, raises the bound"


class PickleError(ValueError):
    """A file was refused; no code in it was run.

    The message names the file, its format, the byte offset or member if known, what was found, and what is allowed.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are checked before memory is allocated. A caller who trusts a file may raise them.

    Attributes:
      depth: nesting of containers.
      opcodes: opcodes in one pickle stream. Each creates at most one small object.
      values: values in the tree, counted once for each path that leads to them.
      tuple_keys: tuples used as dictionary keys or set members in one stream.
      ratio: bound on expansion. Decompressed data, and all arrays if each were written out, must stay below
        `ratio` x file size + `allowance` bytes.
      allowance: bytes that any file may expand to, however small it is.
      skip_unknown: whether an object of an unknown class is read as an `Unknown`, which holds its data, instead of refusing
        the file. Nothing is imported or called for it either.
    """

    depth: int = 100
    opcodes: int = 5_000_000
    values: int = 10_000_000
    tuple_keys: int = 1000
    ratio: int = 64
    allowance: int = 32 << 20
    skip_unknown: bool = False

    def unfolded(self, file_size: int) -> int:
        """The number of bytes a file of this size may expand to."""
        return self.ratio * file_size + self.allowance
