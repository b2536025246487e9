"""Stored bytes to plain bytes, through the compressions that the bytes show: none, one, or one in another."""

from collections.abc import Iterator
from contextlib import suppress

from producers.compressions.frames import skippable_bytes
from producers.compressions.order import HEAD_BYTES, compression_named, compression_of
from producers.compressions.stream import PLAIN_BLOCK_BYTES, Damage, PlainStream
from producers.limits import Limits, most_plain_bytes
from producers.states import ObjectReason

PLAIN = "none"
MOST_LAYERS = 2
# Stored bytes are counted by these, so that where a bomb is seen does not depend on how they were split.
_COUNTED_BYTES = 64 << 10
_JOIN_BYTES = 256 << 10


class Unpacking:
    """A stream of plain bytes. `name` is `none`, `gzip`, or `gzip+zstd` (the outer one first), once it is known.

    Raises Damage, with the reason `expansion` for a bomb and `too_deep` for a third compression. All plain
    bytes that can be read before damage come before it.
    """

    def __init__(self, limits: Limits, name: str = "") -> None:
        self._budget = _Budget(limits)
        names = [] if name in ("", PLAIN) else name.split("+")
        self._first = _Layer(self._budget, names, is_known=bool(name), room=MOST_LAYERS)

    @property
    def name(self) -> str:
        return "+".join(self._first.names()) or PLAIN

    @property
    def is_plain(self) -> bool:
        return self.name == PLAIN

    def feed(self, block: bytes) -> Iterator[bytes]:
        if self._first.is_plain:
            # larger ones make the allocator map fresh pages at each copy: half the speed, measured
            for at in range(0, len(block), _JOIN_BYTES):
                yield block[at : at + _JOIN_BYTES]
            return
        at = 0
        while at < len(block):
            size = min(len(block) - at, self._budget.until_counted)
            self._budget.add(size)
            yield from self._first.feed(block[at : at + size])
            at += size

    def finish(self) -> Iterator[bytes]:
        yield from self._first.finish()


class _Budget:
    """How many plain bytes a layer may give, by the stored bytes so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stored_bytes = 0
        self.plain_bytes = 0

    @property
    def until_counted(self) -> int:
        """So many stored bytes share the present budget, at least one."""
        return _COUNTED_BYTES - self._stored_bytes % _COUNTED_BYTES

    def add(self, stored_bytes: int) -> None:
        """Call it before these bytes are read. They are at most `until_counted`."""
        self._stored_bytes += stored_bytes
        counted = -(-self._stored_bytes // _COUNTED_BYTES) * _COUNTED_BYTES
        by_ratio = most_plain_bytes(self._limits.expansion, counted)
        self.plain_bytes = min(self._limits.plain_bytes, by_ratio)


class _Layer:
    """One compression, or none: it is known once HEAD_BYTES were seen."""

    def __init__(self, budget: _Budget, names: list[str], *, is_known: bool, room: int) -> None:
        self._budget = budget
        self._head = b""
        self._to_skip = 0  # bytes of a skippable frame before the first real one
        self._has_skipped = False
        self._is_known = is_known
        self._room = room
        self._name = names[0] if names else ""
        self._stream: PlainStream | None = None
        self._inner: _Layer | None = None
        self._given_bytes = 0
        self._damage: Damage | None = None
        if names:
            self._stream = compression_named(names[0]).open()
            self._inner = _Layer(budget, names[1:], is_known=True, room=room - 1)

    @property
    def is_plain(self) -> bool:
        return self._is_known and self._stream is None

    def names(self) -> list[str]:
        return [self._name, *(self._inner.names() if self._inner else ())] if self._name else []

    def feed(self, block: bytes) -> Iterator[bytes]:
        if not self._is_known:
            block = self._look(block, is_last=False)
        if not block:
            return
        if self._stream is None:
            yield block
        else:
            yield from self._through(self._stream.feed(block))

    def finish(self) -> Iterator[bytes]:
        if not self._is_known:
            yield from self.feed(self._look(b"", is_last=True))
        if self._stream is not None and self._inner is not None:
            yield from self._through(self._stream.finish())
            yield from self._inner.finish()

    def _through(self, plain: Iterator[bytes]) -> Iterator[bytes]:
        assert self._inner is not None
        for part in self._joined(plain):
            yield from self._inner.feed(part)
        if self._damage is not None:
            # what the inner layer holds back stands before the damage; that it breaks off there is no news
            with suppress(Damage):
                yield from self._inner.finish()
            raise self._damage

    def _joined(self, plain: Iterator[bytes]) -> Iterator[bytes]:
        """In blocks that are worth a call, within the budget. `_damage` is what ended them early."""
        ready: list[bytes] = []
        size = 0
        try:
            for part in plain:
                room = self._budget.plain_bytes - self._given_bytes
                if len(part) > room:
                    ready.append(part[:room])
                    raise Damage(ObjectReason.EXPANSION)
                self._given_bytes += len(part)
                if size and size + len(part) > PLAIN_BLOCK_BYTES:
                    yield b"".join(ready)
                    ready, size = [], 0
                ready.append(part)
                size += len(part)
                if size >= _JOIN_BYTES:
                    yield ready[0] if len(ready) == 1 else b"".join(ready)
                    ready, size = [], 0
        except Damage as damage:
            self._damage = damage
        if ready:
            yield ready[0] if len(ready) == 1 else b"".join(ready)

    def _look(self, block: bytes, *, is_last: bool) -> bytes:
        """Settle which compression it is, if that can be told now; returns what is to be read."""
        self._head += block
        while True:
            skipped = min(self._to_skip, len(self._head))
            self._head, self._to_skip = self._head[skipped:], self._to_skip - skipped
            if self._to_skip:
                if is_last:
                    raise Damage(ObjectReason.TRUNCATED)
                return b""
            if len(self._head) < HEAD_BYTES and not is_last:
                return b""
            self._to_skip = skippable_bytes(self._head)
            if not self._to_skip:
                break
            self._has_skipped = True
        self._is_known = True
        head, self._head = self._head, b""
        found = compression_of(head)
        if self._has_skipped and head and (found is None or not found.may_skip):
            raise Damage(ObjectReason.CORRUPT)
        if found is not None:
            if not self._room:
                raise Damage(ObjectReason.TOO_DEEP)
            self._name, self._stream = found.name, found.open()
            self._inner = _Layer(self._budget, [], is_known=False, room=self._room - 1)
        return head
