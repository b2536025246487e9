"""Rows of a Parquet batch as JSON documents: column by column into Python values, then a line a row.

Nested lists and structs stay as they are, maps with text keys become objects, times, dates and decimals are
text, durations numbers in their unit, NaN is null. Imports pyarrow: only what has met a Parquet file imports this.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import orjson
import pyarrow as pa

from producers.containers.container import Records
from producers.containers.encoding import repaired
from streams.outcomes import Reason

# So much is turned into Python values at a time: as values a batch is some three times as large.
SLICE_BYTES = 1 << 20


class _Repaired(str):
    """Text of a string column that is Windows-1252, not UTF-8."""

    __slots__ = ()


class _Unreadable:
    """Stands for bytes that are no text."""


_UNREADABLE = _Unreadable()
# Control characters that no text has: Windows-1252 would make text of nearly any bytes.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def undictionaried(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with values in place of dictionary numbers, so that its size is that of its rows."""
    if not any(_T.is_dictionary(kind) for kind in batch.schema.types):
        return batch
    columns = [column.dictionary_decode() if _T.is_dictionary(column.type) else column for column in batch]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def slices_of(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts of SLICE_BYTES or a row."""
    rows = max(1, batch.num_rows * SLICE_BYTES // max(1, batch.nbytes))
    for at in range(0, batch.num_rows, rows):
        yield batch.slice(at, rows)


def records_of(batch: pa.RecordBatch, names: Sequence[str], most_bytes: int, end: int) -> Records:
    """A record for each row, all with this `end`. Raises what pyarrow raises on data that breaks its rules."""
    if batch.num_rows == 1 and batch.nbytes > 16 * most_bytes:
        # a number of 8 bytes can be one digit in JSON, but this is too large in any spelling
        found = Records()
        found.refuse(Reason.TOO_LARGE, 0, 0, end)
        return found
    columns = [_values(column) for column in batch.columns]
    found = Records(ends=[end] * batch.num_rows)
    for row in zip(*columns, strict=True):
        document = dict(zip(names, row, strict=True))
        line: bytes | Reason
        try:
            line = orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        except TypeError:
            line, is_repaired = _settled(document)
            if is_repaired:
                found.repaired.add(len(found.lines))
        if isinstance(line, bytes) and len(line) > most_bytes:
            found.repaired.discard(len(found.lines))
            line = Reason.TOO_LARGE
        if isinstance(line, Reason):
            found.ends.pop()
            found.refuse(line, 0, 0, end)
        else:
            found.lines.append(line)
    return found


def _settled(document: dict[str, Any]) -> tuple[bytes | Reason, bool]:
    """The document as a line or why not, and whether text of it was repaired."""
    met: list[type] = []

    def plain(value: object) -> str:
        met.append(type(value))
        if isinstance(value, _Repaired):
            return str.__str__(value)
        raise TypeError

    try:
        return orjson.dumps(document, default=plain, option=orjson.OPT_PASSTHROUGH_SUBCLASS), bool(met)
    except TypeError:
        return Reason.BAD_ENCODING if _Unreadable in met else Reason.TOO_DEEP, False


def _values(array: pa.Array) -> list[Any]:
    """The array as JSON can hold it."""
    kind = array.type
    for is_kind, values in _KINDS:
        if is_kind(kind):
            return values(array)
    # intervals and what pyarrow has yet to learn
    return [None if value is None else str(value) for value in array.to_pylist()]


def _text(array: pa.Array) -> list[Any]:
    try:
        found: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    except pa.ArrowException:
        # writers do not always check what they call text
        raw = array.cast(pa.large_binary()).to_pylist()
        return [None if value is None else _checked(value) for value in raw]
    return found


def _bytes(array: pa.Array) -> list[Any]:
    return [None if value is None else _text_or_nothing(value) for value in array.to_pylist()]


def _text_or_nothing(raw: bytes) -> Any:
    """The text in a cell of bytes; None for a picture, a vector and the like: the row's texts are not worse for it."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = None if _NO_TEXT.search(raw) else repaired(raw)
        return None if text is None else _Repaired(text.decode())


def _checked(raw: bytes) -> Any:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = repaired(raw)
        return _UNREADABLE if text is None else _Repaired(text.decode())


def _plain(array: pa.Array) -> list[Any]:
    found: list[Any] = array.to_pylist()
    return found


def _as_text(array: pa.Array) -> list[Any]:
    return _text(array.cast(pa.string()))


def _instants(array: pa.Array) -> list[Any]:
    if array.type.tz is not None:
        # in UTC: the same bytes on every machine, whatever time zones it knows
        array = array.cast(pa.timestamp(array.type.unit, "UTC"))
    return _as_text(array)


def _struct(array: pa.Array) -> list[Any]:
    names = [array.type.field(number).name for number in range(array.type.num_fields)]
    if not names:
        return [{} if is_there else None for is_there in array.is_valid().to_pylist()]
    columns = [_values(array.field(number)) for number in range(len(names))]
    if len(names) == 2:
        # role and words: most of all there is
        one, two = names
        found: list[Any] = [{one: a, two: b} for a, b in zip(*columns, strict=True)]
    else:
        found = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _with_nulls(array, found)


def _list(array: pa.Array) -> list[Any]:
    bounds = array.offsets.to_pylist()
    first = bounds[0]
    items = _values(array.values.slice(first, bounds[-1] - first))
    found = [items[a - first : b - first] for a, b in pairwise(bounds)]
    return _with_nulls(array, found)


def _odd_list(array: pa.Array) -> list[Any]:
    return _list(array.cast(pa.large_list(array.type.value_type)))


def _map(array: pa.Array) -> list[Any]:
    bounds = array.offsets.to_pylist()
    first, size = bounds[0], bounds[-1] - bounds[0]
    pairs = list(
        zip(_values(array.keys.slice(first, size)), _values(array.items.slice(first, size)), strict=True)
    )
    return _with_nulls(array, [_object(pairs[a - first : b - first]) for a, b in pairwise(bounds)])


def _object(pairs: list[tuple[Any, Any]]) -> Any:
    found = dict(pairs) if all(type(key) is str for key, _ in pairs) else {}
    # a key that comes twice, or is no text: nothing is dropped
    return found if len(found) == len(pairs) else pairs


def _looked_up(array: pa.Array) -> list[Any]:
    # one Python value for each of the dictionary: a long one that comes often is held once
    values = _values(array.dictionary)
    return [None if number is None else values[number] for number in array.indices.to_pylist()]


def _with_nulls(array: pa.Array, found: list[Any]) -> list[Any]:
    if not array.null_count:
        return found
    return [
        one if is_there else None for one, is_there in zip(found, array.is_valid().to_pylist(), strict=True)
    ]


def _extension(array: pa.Array) -> list[Any]:
    if array.type.extension_name == "arrow.uuid":
        return [None if value is None else str(value) for value in array.to_pylist()]
    return _values(array.storage)


_T = pa.types
_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[Any]]], ...] = (
    (lambda kind: _T.is_string(kind) or _T.is_large_string(kind) or _T.is_string_view(kind), _text),
    (_T.is_struct, _struct),
    (lambda kind: _T.is_list(kind) or _T.is_large_list(kind), _list),
    (
        lambda kind: _T.is_integer(kind) or _T.is_floating(kind) or _T.is_boolean(kind) or _T.is_null(kind),
        _plain,
    ),
    (_T.is_timestamp, _instants),
    (lambda kind: _T.is_date(kind) or _T.is_time(kind) or _T.is_decimal(kind), _as_text),
    (_T.is_duration, lambda array: _plain(array.cast(pa.int64()))),
    (_T.is_dictionary, _looked_up),
    (
        lambda kind: (
            _T.is_binary(kind)
            or _T.is_large_binary(kind)
            or _T.is_fixed_size_binary(kind)
            or _T.is_binary_view(kind)
        ),
        _bytes,
    ),
    (_T.is_map, _map),
    (
        lambda kind: _T.is_fixed_size_list(kind) or _T.is_list_view(kind) or _T.is_large_list_view(kind),
        _odd_list,
    ),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), _extension),
)
