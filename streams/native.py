"""Turns loops over bytes and numbers into machine code: numba compiles them when they are first called.

The code is kept on disk, beside its file or in the user's cache (`NUMBA_CACHE_DIR` names another folder), for this
kind of processor; where no folder can be written it is made again by each process. Sums are taken in the order of
the text, so that every machine finds the same.

In the loops that every text runs through, places and sizes are numbers without a sign (a negative place would mean one
from the end, and is tested for at each), and what no processor foresees, such as where a word ends, is added instead of
branched on.

A compiled function may call only compiled ones of its own file, and use only constants that stand there: code is
made anew when its file has changed, and nobody would notice that another has.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def native(function: F) -> F:
    """The function, compiled for the types that it is called with. It takes and gives arrays, numbers and bytes."""
    try:
        compiled = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder for the cache
        compiled = njit(error_model="numpy")(function)
    return cast(F, compiled)
