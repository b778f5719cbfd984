"""What a file may cost the reader, and the error that every refusal is."""

from dataclasses import dataclass


class PickleError(ValueError):
    """A file was refused; nothing in it was run.

    The message names the file, its form, the byte offset or member where known, what was met, and what is allowed.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold before memory is allocated; a caller who trusts a file may raise them.

    Attributes:
      depth: containers inside containers.
      opcodes: pickle instructions in one stream. One instruction makes at most one small object.
      values: values of the tree, an object that is reached by several ways counted each time.
      tuple_keys: tuples as dictionary keys or set members in one stream.
      ratio: with `allowance`, how far a file may unfold. What decompression gives, and what the arrays would take if
      each
        were written out, stay below `ratio` x the file's size + `allowance`.
      allowance: bytes that any file may unfold to, however small it is.
    """

    depth: int = 100
    opcodes: int = 5_000_000
    values: int = 10_000_000
    tuple_keys: int = 1000
    ratio: int = 64
    allowance: int = 32 << 20

    def unfolded(self, file_size: int) -> int:
        """The number of bytes that a file of this size may unfold to."""
        return self.ratio * file_size + self.allowance
