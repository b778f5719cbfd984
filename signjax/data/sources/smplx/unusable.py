"""The error for parameters that cannot become a clip."""


class UnusableBodyError(Exception):
    """The parameters of a clip cannot be used.

    Attributes:
      reason: the reason as the quarantine lists it.
      detail: what was expected, what was found, and what to do.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
