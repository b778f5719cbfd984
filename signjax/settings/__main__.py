"""Prints docs/settings.md: `python -m signjax.settings > docs/settings.md`."""

import signal

from signjax.settings.reference import markdown

signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the output without a traceback
print(markdown(), end="")
