"""Finds out whether a sample is a table: which delimiter, which header."""

import csv
import re
from contextlib import suppress

from producers.containers.column_names import unique_names
from producers.containers.container import Found, Sample

DELIMITERS = (",", "\t", ";", "|")

# A name longer than this is prose: the longest column name seen in real drops has 60 characters.
_NAME_CHARACTERS = 120
# What a table of dialogues in one column is headed by.
_ONE_COLUMN = frozenset(
    {"text", "content", "conversation", "conversations", "dialogue", "dialog", "transcript"}
)
_TAGGED_LINE = re.compile(r"^\w[\w .]{0,24}:", re.MULTILINE)
# A control character that strayed into a text is no reason to refuse a table.
_MOST_NULS_ONE_IN = 1000


def find_header(sample: Sample) -> Found | None:
    """A table has a header of two or more names, and at least half of its rows have as many cells.

    One column alone can't be told from plain text, unless its header is a field's name that shapes know.
    """
    if sample.data.count(b"\0") * _MOST_NULS_ONE_IN > len(sample.data) + _MOST_NULS_ONE_IN:
        return None  # UTF-16 without its mark, or no text at all
    try:
        text = sample.data.decode()
    except UnicodeDecodeError:
        text = sample.data.decode("cp1252", errors="replace")
    first, newline, rest = text.partition("\n")
    name = first.strip().strip('"').strip()
    if newline and rest.strip() and name.lower() in _ONE_COLUMN and _are_cells(rest):
        skip = sample.data.index(b"\n") + 1
        return Found(skip, {"header": [name], "delimiter": ","})
    best: tuple[float, int, Found] | None = None
    for delimiter in DELIMITERS:
        found = _try(text, delimiter, sample)
        if found is not None and (best is None or found[:2] > best[:2]):
            best = found
    return None if best is None else best[2]


def _are_cells(rest: str) -> bool:
    """True for lines that are cells of one column, and not a transcript under a heading."""
    return rest.startswith('"') or '\n"' in rest or _TAGGED_LINE.search(rest) is None


def _try(text: str, delimiter: str, sample: Sample) -> tuple[float, int, Found] | None:
    csv.field_size_limit((1 << 31) - 1)
    lines = [line + "\n" for line in text.split("\n")]
    reader = csv.reader(lines, delimiter=delimiter)
    rows = []
    try:
        header = next(reader, [])
    except csv.Error:
        return None
    header_lines = reader.line_num
    with suppress(csv.Error):  # the rows up to a broken one are sample enough
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(row)
    names = [" ".join(name.split()) for name in header]
    if len(names) < 2 or header_lines >= len(lines):
        return None
    if not any(names) or any(len(name) > _NAME_CHARACTERS for name in names):
        return None
    if not sample.is_whole and rows:
        rows.pop()  # cut by the end of the sample
    if not rows and sample.is_whole:
        return None  # a header without rows: as likely a sentence with a comma in it
    fitting = sum(1 for row in rows if len(row) == len(names))
    share = fitting / len(rows) if rows else 1.0
    if share < 0.5:
        return None
    skip = 0
    for _ in range(header_lines):
        skip = sample.data.index(b"\n", skip) + 1
    return share, len(names), Found(skip, {"header": unique_names(names), "delimiter": delimiter})
