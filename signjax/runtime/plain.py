"""The switch that turns off what is done for speed alone.

That is: malloc options (malloc.py), an import without torch (training/records/log.py), and an overlapped start (trainer.py).
"""

import os


def plain() -> bool:
    """Whether `$SIGNJAX_PLAIN` asks to run without them; results are the same."""
    return os.environ.get("SIGNJAX_PLAIN", "") not in ("", "0")
