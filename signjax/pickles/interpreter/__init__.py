"""The machine that reads pickles and runs nothing: its instructions, the names that it allows, fast paths for usual files.

README.md says how it works, and where an instruction or a name is added.
"""

from signjax.pickles.interpreter.machine import run

__all__ = ["run"]
