"""Where the brackets and quotes of a JSON stream stand, found with numpy over whole blocks."""

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

_QUOTE = 0x22

Places = npt.NDArray[np.int64]
_NONE: Places = np.zeros(0, np.int64)


class Brackets:
    """Where brackets and quotes stand in the bytes that are held; positions are those of the object."""

    def __init__(self, byte: int, depth: int) -> None:
        self._byte = byte
        self._depth = depth
        self._in_string = 0
        self._is_escaped = False
        self._closers = self._levels = self._quotes = _NONE
        self._at_level: dict[int, list[int]] = {}

    def scan(self, block: bytes) -> None:
        masked = block
        if self._is_escaped and block[:1] in (b'"', b"\\"):
            masked = b"_" + block[1:]
        if b"\\" in masked:
            # pairs go first: what is left before a quote then escapes it
            masked = masked.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        if block:
            self._is_escaped = masked.endswith(b"\\")
        data = np.frombuffer(masked, np.uint8)
        folded = data | 0x20  # `[` and `]` become `{` and `}`
        at = np.flatnonzero((data == _QUOTE) | (folded == 0x7B) | (folded == 0x7D))
        kinds = data[at]
        is_quote = kinds == _QUOTE
        inside = (np.cumsum(is_quote) + self._in_string) & 1
        is_bracket = ~is_quote & (inside == 0)
        steps = 3 - (kinds[is_bracket] & 6).astype(np.int64)  # 1 for an opening bracket, -1 for a closing one
        levels = np.cumsum(steps) + self._depth
        places = at[is_bracket] + self._byte
        is_closer = steps < 0
        self._closers = np.concatenate((self._closers, places[is_closer]))
        self._levels = np.concatenate((self._levels, levels[is_closer]))
        self._quotes = np.concatenate((self._quotes, at[is_quote] + self._byte))
        self._byte += len(block)
        self._in_string = int(inside[-1]) if len(inside) else self._in_string
        self._depth = int(levels[-1]) if len(levels) else self._depth
        self._at_level = {}

    def forget(self, byte: int) -> None:
        """Nothing before this position is asked for again."""
        kept = int(np.searchsorted(self._closers, byte))
        self._closers, self._levels = self._closers[kept:], self._levels[kept:]
        self._quotes = self._quotes[int(np.searchsorted(self._quotes, byte)) :]
        self._at_level = {}

    def end_of_value(self, level: int, start: int) -> int | None:
        """Where the bracket that opens at `start` is closed again, down to this level."""
        closers = self._at_level.get(level)
        if closers is None:
            closers = self._closers[self._levels == level].tolist()
            self._at_level[level] = closers
        place = bisect_right(closers, start)
        return closers[place] if place < len(closers) else None

    def end_of_string(self, start: int) -> int | None:
        place = int(np.searchsorted(self._quotes, start, "right"))
        return int(self._quotes[place]) if place < len(self._quotes) else None
