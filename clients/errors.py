"""Errors named by what the caller must do with them."""


class Fatal(RuntimeError):
    """Going on would lose or repeat data, or cannot work: the process ends and a person must act."""


class RetryLater(RuntimeError):
    """A server does not answer now; the same call can go through later."""
