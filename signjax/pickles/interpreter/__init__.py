"""The machine that reads pickles without running code: its instructions, the allowed names, and fast paths for common files.

README.md says how it works, and where an instruction or a name is added.
"""

from signjax.pickles.interpreter.machine import run

__all__ = ["run"]
