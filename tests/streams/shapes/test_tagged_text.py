"""tagged text: a hostile text costs no more than its length, and prose costs one look."""

import pytest

from streams.shapes.tagged_text import by_lines, tagged_text

SEEDS = (
    "Client: ",
    "[00:00:01] ",
    "0:00 ",
    "Client: a therapist: ",
    "\n[",
    "**",
    "<human",
    "### ",
    " \t",
    "(1:",
)


@pytest.mark.parametrize("opening", ["", "Client: ", "<HUMAN>: ", "[00:00:01] Client: "])
@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_text_is_read_in_one_pass(opening: str, seed: str) -> None:
    """A second pass for each tag would take hours at this length; the suite's time-out would end it."""
    text = opening + seed * (200_000 // len(seed))
    tagged_text({"text": text})
    by_lines(text)


def test_a_cut_says_what_stands_before_and_whether_the_last_tag_is_open() -> None:
    cut = by_lines("Read this.\nUser: One.\nAssistant: Two.\nUser: Three.\nAssistant:")
    assert cut is not None
    assert (cut.lead.strip(), [text.strip() for _, text in cut.turns]) == (
        "Read this.",
        ["One.", "Two.", "Three."],
    )
    assert cut.is_open
    closed = by_lines("User: One.\nAssistant: Two.")
    assert closed is not None
    assert not closed.is_open


def test_tags_of_one_side_cut_nothing() -> None:
    assert by_lines("User: One.\nUser: Two.") is None
