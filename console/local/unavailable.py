"""The one error of this folder."""


class Unavailable(Exception):
    """Local servers cannot run here or did not start. The message is for a person and says what to do."""


class PortTaken(Unavailable):
    """Another process listens on a port that was asked for."""
