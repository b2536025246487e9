"""A table of one column is told from text by its header, and a heading above a transcript is none."""

import pytest

from producers.pieces import Piece
from tests.producers.cutting import USUAL, cut, records


def _read(data: str) -> tuple[str, list[object]]:
    pieces: list[Piece] = cut(data.encode(), (), USUAL)
    after = pieces[-1].after
    return ("" if after is None else after.container), [line for _, line in records(pieces)]


def test_dialogues_in_quoted_cells_are_records_of_their_own() -> None:
    rows = "".join(f'"Client: the boat {n}\nTherapist: and then, what?"\n' for n in range(3))
    container, found = _read(f"text\n{rows}")
    assert container == "csv"
    assert found == [b'{"text":"Client: the boat %d\\nTherapist: and then, what?"}' % n for n in range(3)]


def test_tagged_texts_on_lines_are_records_of_their_own() -> None:
    container, found = _read("Text\n" + "<HUMAN>: the boat <ASSISTANT>: and then?\n" * 4)
    assert (container, len(found)) == ("csv", 4)


@pytest.mark.parametrize("heading", ["Text", "transcript", "A talk"])
def test_a_heading_above_a_transcript_makes_no_table(heading: str) -> None:
    container, found = _read(f"{heading}\nClient: the boat\nTherapist: and then?\nClient: it left\n")
    assert (container, len(found)) == ("transcript", 1)


def test_prose_under_another_word_is_no_data() -> None:
    assert _read("Notes\nthe boat was late\nand nobody came\n") == ("", [])
