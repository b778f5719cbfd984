"""The one error that a person is meant to read."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message names the file or key, what was expected, what came and what to do. `launch.py` prints it alone, without a
    traceback, and ends with exit status 1.
    """
