"""Commands with their own arguments, `signjax NAME ARGUMENTS`: each module has the arguments of one, and what it prints.

A program is a function `run(arguments, say)`; it is imported only when its command is given.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

Say = Callable[[str], None]

# Command -> the module that runs it.
PROGRAMS: Mapping[str, str] = {
    "calibrate": "signjax.programs.calibrate",
    "compare": "signjax.programs.compare",
    "demo": "signjax.programs.demo",
    "explain": "signjax.programs.explain",
    "export": "signjax.programs.export",
    "sweep": "signjax.programs.sweep",
}


class Program(Protocol):
    """What `run` of a program's module is."""

    def __call__(self, arguments: Sequence[str], say: Say) -> None:
        """Runs the program.

        Args:
          arguments: those after the command; they are parsed by argparse.
          say: receives each line that is printed.

        Raises:
          InputError: what the user gave cannot be used.
        """


def load_program(command: str) -> Program:
    """The function of a command of `PROGRAMS`."""
    program: Program = import_module(PROGRAMS[command]).run
    return program
