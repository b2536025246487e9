"""Turns loops over bytes and numbers into machine code: numba compiles them when they are first called.

The code is kept on disk, beside its file or in the user's cache (`NUMBA_CACHE_DIR` names another folder), for this
kind of processor; where no folder can be written it is made again by each process. Sums are taken in the order of
the text, so that every machine finds the same.

In the loops that every text runs through, places and sizes are numbers without a sign (a negative place would mean one
from the end, and is tested for at each), and what no processor foresees, such as where a word ends, is added instead of
branched on.

A compiled function may call only compiled ones of its own file (and the instructions below), and use only constants that stand
there: code is made anew when its file has changed, and nobody would notice that another has.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., object])


def native(function: F) -> F:
    """The function, compiled for the types that it is called with. It takes and gives arrays, numbers and bytes."""
    try:
        compiled = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder for the cache
        compiled = njit(error_model="numpy")(function)
    return cast(F, compiled)


def _eight_bytes(_typing: Any, text: Any, place: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_helper(builder, signature.args[0], arguments[0])
        at = builder.gep(builder.bitcast(held.data, ir.IntType(8).as_pointer()), [arguments[1]])
        found = builder.load(builder.bitcast(at, ir.IntType(64).as_pointer()))
        found.align = 1
        return found

    return types.uint64(text, place), generate


def _ones(_typing: Any, number: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(number), generate


# In a compiled function: the eight bytes of a text from a place on as one number, the first lowest. One instruction
# where a loop takes a dozen; nothing is tested, so all eight must lie within the text.
eight_bytes = cast(Callable[[bytes, int | np.uint64], np.uint64], intrinsic(_eight_bytes))
# In a compiled function: how many bits of a number are set.
ones = cast(Callable[[np.uint64], int], intrinsic(_ones))
