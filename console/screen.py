"""`forebay screen`: records in on stdin, what Forebay makes of each out on stdout, without any server."""

import os
import select
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from streams.chain import Desk, before_dedup, divert, run_steps, settle
from streams.outcomes import Reason
from streams.records import Origin, Record, Source
from streams.render import screen_line
from streams.rules.model import Pack
from streams.topology import FUSED

BATCH = 250
READ_BYTES = 1 << 20
STDIN = Source("", "stdin", "", 0)

STEPS = before_dedup(FUSED[0].steps)


def decide_records(records: Sequence[Record], pack: Pack, steps: Sequence[str] = STEPS) -> None:
    """Run the steps over the records and settle each one's outcome. Nothing is a duplicate: Redis is not asked."""
    run_steps(
        [Desk(record) for record in records], steps, pack, observe=lambda *_: None, clock=time.perf_counter
    )
    settle(divert(records))


def screen(source: int, out: BinaryIO, pack: Pack, record_bytes: int) -> None:
    """One line out for each line in, in order, as soon as no more input waits. Memory is bounded.

    `source` is a file descriptor. A line above `record_bytes` is `rejected: too_large`, read over and not
    kept. A last line without a newline counts.
    """
    number = 0
    for lines in _lines(source, record_bytes):
        for start in range(0, len(lines), BATCH):
            records = []
            for line in lines[start : start + BATCH]:
                records.append(_record(line, number))
                number += 1
            decide_records(records, pack)
            out.write(b"".join(screen_line(record) for record in records))
        out.flush()


def _record(line: bytes | Reason, number: int) -> Record:
    source = Source(STDIN.bucket, STDIN.key, STDIN.version, number)
    if isinstance(line, Reason):
        return Record(source, Origin("stdin"), refused=line)
    try:
        line.decode()
    except UnicodeDecodeError:
        try:
            line = line.decode("cp1252").encode()
        except UnicodeDecodeError:
            return Record(source, Origin("stdin"), refused=Reason.BAD_ENCODING)
    return Record(source, Origin("stdin"), line)


def _lines(source: int, record_bytes: int) -> Iterator[list[bytes | Reason]]:
    """Lists of complete lines, each list as much as has come and been read together."""
    rest = bytearray()
    is_too_large = False
    ready: list[bytes | Reason] = []
    while True:
        data = os.read(source, READ_BYTES)
        if not data:
            break
        *complete, last = data.split(b"\n")
        for piece in complete:
            rest += piece
            ready.append(
                Reason.TOO_LARGE if is_too_large or len(rest) > record_bytes else bytes(rest).rstrip(b"\r")
            )
            rest.clear()
            is_too_large = False
        rest += last
        if len(rest) > record_bytes:
            is_too_large = True
            rest.clear()
        if ready and (len(ready) >= BATCH or not select.select([source], [], [], 0)[0]):
            yield ready
            ready = []
    if rest or is_too_large:
        ready.append(Reason.TOO_LARGE if is_too_large else bytes(rest).rstrip(b"\r"))
    if ready:
        yield ready
