"""Logs: one JSON event a line on stderr, with ids, steps, reasons and offsets, never a record's text."""

import logging
import sys
from datetime import UTC, datetime

import orjson

_PLAIN = (str, int, float, bool, type(None))
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """One event a line: time, level, room, event, and the fields given as `extra`.

    Of an exception only the type and the place are written: its text could quote a record.
    """

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "at_utc": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "event": record.getMessage() if _is_ours(record.name) else _first_words(record),
        }
        for name, value in vars(record).items():
            if name not in _RESERVED and not name.startswith("_") and _is_ours(record.name):
                event[name] = value if isinstance(value, _PLAIN) else repr(value)
        if record.exc_info and record.exc_info[0] is not None:
            event["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                code = trace.tb_frame.f_code
                event["at"] = f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}"
        return orjson.dumps(event).decode()


def _is_ours(name: str) -> bool:
    return name.split(".", 1)[0] in ("producers", "agents", "clients", "console")


def _first_words(record: logging.LogRecord) -> str:
    # a library's arguments may hold a message's value: its unformatted template cannot
    return str(record.msg)[:200]


def start_logging(level: str) -> None:
    """Send all logs of this process to stderr as JSON. Libraries are heard from `warning` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for room in ("producers", "agents", "clients", "console"):
        logging.getLogger(room).setLevel(level.upper())
