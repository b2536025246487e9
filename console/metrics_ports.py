"""Finds the port on which a process shows its metrics."""

import socket
from collections.abc import Container

_SEARCHED = 600  # ports looked at before any other is taken
_LAST = 65_535


def free_port(host: str, above: int, taken: Container[int]) -> int:
    """The first port above `above` that nobody listens on and that is not `taken`; any free one for 0.

    Another process can still be faster: then the child that got it ends, and is started with another.
    """
    if above:
        for port in range(above + 1, min(above + _SEARCHED, _LAST) + 1):
            if port not in taken and _is_free(host, port):
                return port
    with socket.socket() as held:
        held.bind((host, 0))
        return int(held.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, port))
        except OSError:
            return False
        return True
