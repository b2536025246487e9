"""Dialogues that span rows become one record each, and reading on gives just the rest of them."""

import csv
import gzip
import io
import tracemalloc
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.cutter import Cutter
from producers.limits import Limits
from producers.states import State
from streams.outcomes import Reason
from streams.shapes.content import text_of
from tests.producers.cutting import USUAL, cut, ending, ranges, records

# many small pieces, so that reading on is tried everywhere
TIGHT = Limits(
    chunk_bytes=300, chunk_records=2, record_bytes=2000, csv_field_bytes=2000, gather_bytes=16 << 20
)
sizes = st.lists(st.integers(1, 200), max_size=30)


def lines(rows: Iterable[Any]) -> bytes:
    """Each row as a line of JSON; bytes as they are."""
    return b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows) + b"\n"


def table(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def array(rows: Iterable[Any]) -> bytes:
    return b'{"count": 2, "data": ' + orjson.dumps(list(rows), option=orjson.OPT_INDENT_2) + b"}"


def said(dialogue: Any, speaker: str, text: Any, **more: Any) -> dict[str, Any]:
    return {"transcript_id": dialogue, "interlocutor": speaker, "utterance_text": text, **more}


def message(id_: str, parent: str | None, text: Any, **more: Any) -> dict[str, Any]:
    role = "assistant" if len(id_) % 2 == 0 else "prompter"
    return {"message_id": id_, "parent_id": parent, "role": role, "text": text, **more}


def read(data: bytes, limits: Limits = USUAL) -> list[tuple[int, Any]]:
    """Number and document of each record; a reason where it is refused, bytes where it is no JSON."""
    pieces = cut(data, (), limits)
    assert ending(pieces).state is State.COMPLETE
    return [(number, _opened(line)) for number, line in records(pieces)]


def _opened(line: bytes | Reason) -> Any:
    if isinstance(line, Reason):
        return line
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line


def talk(document: Any) -> list[tuple[str, Any]]:
    return [(one["speaker"], one["text"]) for one in document["utterances"]]


def texts(document: Any) -> list[Any]:
    return [one["text"] for one in document["path"]]


def holds_at_every_piece(data: bytes, limits: Limits, split: list[int]) -> None:
    """Any split gives the same; reading on behind any piece gives the rest, nothing twice."""
    pieces = cut(data, (), limits)
    whole = records(pieces)
    assert records(cut(data, split, limits)) == whole
    for done, piece in enumerate(pieces[:-1], start=1):
        assert piece.after is not None
        rest = cut(data, split, limits, piece.after)
        assert records(pieces[:done]) + records(rest) == whole
        assert ending(rest) == ending(pieces)
    numbers = [number for number, _ in whole]
    assert len(numbers) == len(set(numbers))


TWO = [
    said(1, "client", "I put it off again.", topic="work"),
    said(1, "therapist", "What came between?", topic="work"),
    said(1, "client", "I slept.", topic="work"),
    said(2, "client", "He left.", topic="grief"),
    said(2, "therapist", "I am sorry.", topic="grief"),
]


@pytest.mark.parametrize("write", [lines, table, array])
def test_neighbouring_rows_of_one_transcript_are_one_record_numbered_as_their_first(write: Any) -> None:
    found = read(write(TWO))
    assert [number for number, _ in found] == [0, 3]
    assert talk(found[0][1]) == [(row["interlocutor"], row["utterance_text"]) for row in TWO[:3]]
    assert talk(found[1][1]) == [(row["interlocutor"], row["utterance_text"]) for row in TWO[3:]]
    assert [document["topic"] for _, document in found] == ["work", "grief"]


@pytest.mark.parametrize(
    ("dialogue", "speaker", "text"),
    [
        ("dialogue_id", "speaker", "utterance"),
        ("Conversation ID", "Role", "Content"),
        ("conversationId", "role", "message"),
        ("session-id", "from", "value"),
        ("conv_id", "author", "text"),
        ("call_id", "speaker", "text"),
        ("transcript", "participant", "text"),
    ],
)
def test_a_table_is_known_by_its_columns_in_any_case(dialogue: str, speaker: str, text: str) -> None:
    rows = [{dialogue: "a", speaker: "User", text: "One."}, {dialogue: "a", speaker: "Agent", text: "Two."}]
    assert [talk(document) for _, document in read(lines(rows))] == [[("User", "One."), ("Agent", "Two.")]]


@pytest.mark.parametrize(
    "row",
    [
        {"conversation_id": 1, "messages": [{"role": "user", "content": "Hi."}], "role": "user", "text": "x"},
        {"conversation_id": 1, "prompt": "One.", "response": "Two."},
        {"conversation_id": 1, "speaker": "client", "text": "One.", "response": "Two."},
        {"conversation_id": 1, "prompt": "One.", "completion": "Two.", "role": "user", "content": "x"},
        {"id": 1, "text": "One."},
        {"id": 1, "speaker": "client", "text": "One."},
        {"session_id": 1, "user": "One.", "assistant": "Two."},
        {"thread_id": 1, "author": "anna77", "text": "One."},
        {"dialogue": "A: one\nB: two", "speaker": "client", "text": "One."},
        {"conversation": [{"role": "user", "content": "One."}], "role": "user", "text": "x"},
        {"transcript_id": 1, "speaker": "client", "text": "<HUMAN>: One. <ASSISTANT>: Two."},
        {"transcript_id": None, "speaker": "client", "text": "One."},
        {"message_id": "a", "role": "user", "text": "One."},
    ],
)
def test_rows_that_are_records_by_themselves_stay_as_they_are(row: dict[str, Any]) -> None:
    data = lines([row] * 20)
    pieces = cut(data, (), TIGHT)
    assert [line for _, line in records(pieces)] == [orjson.dumps(row)] * 20
    assert [number for number, _ in records(pieces)] == list(range(20))
    assert "gather" not in (pieces[-1].after.carry if pieces[-1].after else {})
    holds_at_every_piece(data, TIGHT, [7] * 20)


def test_copies_by_several_annotators_appear_once_in_either_order() -> None:
    plain = [("client", "Hm."), ("therapist", "Hm."), ("client", "Hm."), ("client", "Hm.")]
    rows = [
        said(1, speaker, text, utterance_id=at, annotator_id=annotator)
        for at, (speaker, text) in enumerate(plain)
        for annotator in "abc"
    ]
    by_annotator = sorted(rows, key=lambda row: str(row["annotator_id"]))
    without_id = [{name: row[name] for name in row if name != "utterance_id"} for row in rows]
    without_id_by_annotator = [
        {name: row[name] for name in row if name != "utterance_id"} for row in by_annotator
    ]
    for one in (rows, by_annotator, without_id, without_id_by_annotator):
        for write in (lines, table):
            assert [talk(document) for _, document in read(write(one))] == [plain]


def test_another_annotators_spelling_of_an_utterance_is_a_copy() -> None:
    rows = [
        said(1, "client", "I dont know", utterance_id=0, annotator_id=1),
        said(1, "client", "I don't know.", utterance_id=0, annotator_id=2),
        said(1, "therapist", "Tell me.", utterance_id=1, annotator_id=2),
    ]
    assert talk(read(lines(rows))[0][1]) == [("client", "I dont know"), ("therapist", "Tell me.")]


def test_what_somebody_says_twice_is_no_copy() -> None:
    rows = [said(1, "client", "No."), said(1, "client", "No."), said(1, "therapist", "No.")]
    assert len(talk(read(lines(rows))[0][1])) == 3
    turns = [
        said(1, "client", "One.", turn=1),
        said(1, "client", "Two.", turn=1),
        said(1, "therapist", "One.", turn=1),
    ]
    assert len(talk(read(lines(turns))[0][1])) == 3
    annotated = [{**row, "annotator_id": "a"} for row in rows]
    assert len(talk(read(lines(annotated))[0][1])) == 3


def test_a_transcript_that_comes_back_later_is_a_record_of_its_own() -> None:
    rows = [said("a", "client", "One."), said("b", "client", "Two."), said("a", "therapist", "Three.")]
    assert [(number, talk(one)) for number, one in read(lines(rows))] == [
        (0, [("client", "One.")]),
        (1, [("client", "Two.")]),
        (2, [("therapist", "Three.")]),
    ]


def test_a_bad_row_inside_a_dialogue_is_a_record_of_its_own_and_does_not_part_it() -> None:
    lone = {"transcript_id": 1, "note": "pause"}
    rows = [*TWO[:2], b'{"broken', b"\x81\x81", lone, TWO[2], [1], *TWO[3:]]
    found = read(lines(rows))
    assert [number for number, _ in found] == [2, 3, 4, 6, 0, 7]
    assert [one for _, one in found[:4]] == [b'{"broken', Reason.BAD_ENCODING, lone, [1]]
    assert len(talk(found[4][1])) == 3
    holds_at_every_piece(lines(rows), TIGHT, [5] * 200)


def test_a_dialogue_with_thousands_of_bad_rows_in_it_is_read_on_from_its_first_row() -> None:
    data = lines([TWO[0], *[{"note": 1}] * 3000, TWO[1]])
    pieces = cut(data, (), USUAL)
    after = pieces[5].after
    assert after is not None
    assert (after.record, after.byte) == (0, 0)
    assert len(orjson.dumps(after.row())) < 400
    rest = cut(data, (), USUAL, after)
    assert records(pieces[:6]) + records(rest) == records(pieces)


def test_lines_before_the_table_proper_are_records_and_do_not_hide_it() -> None:
    data = lines([{"version": 2, "made": "by hand"}, b"{broken", *TWO])
    found = read(data)
    assert [number for number, _ in found] == [0, 1, 2, 5]
    assert len(talk(found[2][1])) == 3
    holds_at_every_piece(data, TIGHT, [3] * 200)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, Reason.NULL_CONTENT),
        ("", Reason.EMPTY),
        (" \t", Reason.EMPTY),
        ("[deleted]", Reason.EMPTY),
        ([{"type": "image"}], Reason.EMPTY),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_row_that_says_nothing_is_a_refusal_and_the_dialogue_is_what_the_others_say(
    text: Any, reason: Reason, at: int
) -> None:
    rows = [*TWO[:at], said(1, "therapist", text, topic="work"), *TWO[at:]]
    found = read(lines(rows))
    first = 1 if at == 0 else 0
    assert [(number, one) for number, one in found if isinstance(one, Reason)] == [(at, reason)]
    assert [number for number, one in found if not isinstance(one, Reason)] == [first, 4]
    gathered = [one for _, one in found if not isinstance(one, Reason)]
    assert talk(gathered[0]) == [(row["interlocutor"], row["utterance_text"]) for row in TWO[:3]]
    assert gathered[0]["topic"] == "work"
    holds_at_every_piece(lines(rows), TIGHT, [11] * 99)


def test_a_dialogue_of_blank_rows_alone_is_its_refusals() -> None:
    rows = [*TWO[:3], said("b", "client", ""), said("b", "client", None), *TWO[3:]]
    found = read(lines(rows))
    assert [number for number, _ in found] == [0, 3, 4, 5]
    assert [one for _, one in found[1:3]] == [Reason.EMPTY, Reason.NULL_CONTENT]
    holds_at_every_piece(lines(rows), TIGHT, [11] * 99)


@pytest.mark.parametrize("has_ids", [True, False])
@pytest.mark.parametrize("by_annotator", [True, False])
@pytest.mark.parametrize("blank", [(at, annotator) for at in range(4) for annotator in "ab"])
def test_an_annotators_blank_copy_is_a_refusal_and_costs_the_utterance_neither_its_words_nor_its_place(
    has_ids: bool, by_annotator: bool, blank: tuple[int, str]
) -> None:
    plain = [("client", "One."), ("therapist", "Two."), ("client", "Three."), ("therapist", "Four.")]
    rows = [
        said(
            1,
            speaker,
            "" if (at, annotator) == blank else text,
            annotator_id=annotator,
            **({"utterance_id": at} if has_ids else {}),
        )
        for at, (speaker, text) in enumerate(plain)
        for annotator in "ab"
    ]
    if by_annotator:
        rows.sort(key=lambda row: str(row["annotator_id"]))
    found = read(lines(rows))
    assert [talk(one) for _, one in found if not isinstance(one, Reason)] == [plain]
    at = next(number for number, row in enumerate(rows) if not row["utterance_text"])
    assert [(number, one) for number, one in found if isinstance(one, Reason)] == [(at, Reason.EMPTY)]
    holds_at_every_piece(lines(rows), TIGHT, [13] * 99)


def test_a_speaker_in_no_list_and_a_text_that_cannot_be_read_stay_in_their_dialogue() -> None:
    rows = [*TWO[:2], said(1, "Anna", "zanzibar-canary-7f3"), said(1, "client", {"odd": 1})]
    found = read(lines(rows))
    assert [number for number, _ in found] == [0]
    assert talk(found[0][1])[2:] == [("Anna", "zanzibar-canary-7f3"), ("client", {"odd": 1})]


@pytest.mark.parametrize("name", ["response", "answer", "output", "completion", "Response", "question"])
@pytest.mark.parametrize("spare", [None, "", " ", "N/A", "null", []])
def test_a_spare_column_that_says_nothing_does_not_make_a_row_a_record(name: str, spare: Any) -> None:
    found = read(lines({**row, name: spare} for row in TWO))
    assert [(number, len(talk(one))) for number, one in found] == [(0, 3), (3, 2)]
    tree = read(lines({**row, name: spare} for row in TREE))
    assert [(number, texts(one)) for number, one in tree] == PATHS
    # where it says something the row is a record of its own, also between others
    rows = [*TWO[:2], {**TWO[2], "response": "zanzibar-canary-7f3"}, *TWO[3:]]
    assert [number for number, _ in read(lines(rows))] == [2, 0, 3]


def test_fields_that_another_shape_looks_for_are_left_out() -> None:
    row = said(1, "client", "One.", label=True, question="zanzibar-canary-7f3", topic="work", length=4)
    ((_, document),) = read(lines([row]))
    assert set(document) == {"utterances", "transcript_id", "topic", "length"}


def test_a_dialogue_that_is_too_large_is_one_refusal_and_the_next_one_goes_on() -> None:
    long = [said(1, "client", f"{at} " + "word " * 20) for at in range(100)]
    data = lines([*long, b"{bad", *TWO[3:]])
    limits = Limits(chunk_bytes=1000, chunk_records=5, record_bytes=2000, csv_field_bytes=2000)
    found = read(data, limits)
    assert [(number, one) for number, one in found[:2]] == [(100, b"{bad"), (0, Reason.TOO_LARGE)]
    assert (found[2][0], talk(found[2][1])) == (101, [("client", "He left."), ("therapist", "I am sorry.")])
    assert ranges(cut(data, (), limits)) == [(0, len(lines(long)))]
    holds_at_every_piece(data, limits, [50] * 100)


def test_an_endless_dialogue_is_read_in_bounded_memory() -> None:
    limits = Limits(chunk_bytes=256 << 10, chunk_records=250, record_bytes=1 << 20, csv_field_bytes=1 << 20)
    block = lines(said(1, "client", f"word {at}", annotator_id=at) for at in range(2000))
    cutter = Cutter(limits)
    pieces = list(cutter.feed(block))
    tracemalloc.start()
    try:
        for _ in range(40):
            pieces += cutter.feed(block)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pieces += cutter.finish()
    assert records(pieces) == [(0, Reason.TOO_LARGE)]
    assert most < 24 << 20


TREE = [
    message("a", None, "How do I sleep?"),
    message("ab", "a", "Keep to one hour."),
    message("ac", "a", "Walk."),
    message("abc", "ab", "And coffee?"),
    message("abcd", "abc", "Not after noon."),
    message("abce", "abc", "As you like."),
]
PATHS = [
    (2, ["How do I sleep?", "Walk."]),
    (4, ["How do I sleep?", "Keep to one hour.", "And coffee?", "Not after noon."]),
    (5, ["How do I sleep?", "Keep to one hour.", "And coffee?", "As you like."]),
]


@pytest.mark.parametrize("write", [lines, table, array])
def test_each_path_of_a_tree_is_a_record_numbered_as_its_last_row(write: Any) -> None:
    found = read(write(TREE))
    assert [(number, texts(one)) for number, one in found] == PATHS
    assert all(set(document) == {"path"} for _, document in found)


@given(order=st.permutations(range(6)), split=sizes, ids=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_rows_of_trees_may_come_in_any_order(order: list[int], split: list[int], ids: bool) -> None:
    rows = [
        {**TREE[at], "message_id": f"{tree}-{TREE[at]['message_id']}"}
        | {"parent_id": TREE[at]["parent_id"] and f"{tree}-{TREE[at]['parent_id']}"}
        | ({"message_tree_id": f"{tree}"} if ids else {})
        for at in order
        for tree in (1, 2)
    ]
    found = read(lines(rows))
    assert sorted(texts(one) for _, one in found) == sorted([path for _, path in PATHS] * 2)
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    holds_at_every_piece(lines(rows), TIGHT, split)


def test_a_tree_whose_root_leaves_its_null_parent_out_is_whole() -> None:
    rows = [
        {name: value for name, value in row.items() if value is not None} | {"message_tree_id": tree}
        for tree in ("a", "b")
        for row in TREE
    ]
    assert "parent_id" not in rows[0]
    found = read(lines(rows))
    assert [number for number, _ in found] == [2, 4, 5, 8, 10, 11]
    assert [texts(one) for _, one in found] == [path for _, path in PATHS] * 2
    assert all(set(one) == {"path"} for _, one in found)
    holds_at_every_piece(lines(rows), TIGHT, [1] * 300)


def test_ids_that_are_those_of_the_tree_alone_do_not_tie_trees_together() -> None:
    rows = [{**row, "message_tree_id": tree} for tree in "xy" for row in TREE]
    assert [number for number, _ in read(lines(rows))] == [2, 4, 5, 8, 10, 11]


def test_a_deleted_or_blank_message_ends_its_path_and_is_a_refusal() -> None:
    rows = [*TREE[:2], message("abc", "ab", None), message("abx", "ab", "secret", deleted=True)]
    found = read(lines(rows))
    assert [number for number, _ in found] == [1, 2, 3]
    assert texts(found[0][1]) == ["How do I sleep?", "Keep to one hour."]
    assert [one for _, one in found[1:]] == [Reason.NULL_CONTENT, Reason.EMPTY]


def test_paths_through_a_deleted_message_go_on_without_its_text() -> None:
    rows = [*TREE[:2], {**TREE[3], "deleted": True}, TREE[4]]
    found = read(lines(rows))
    assert [(number, texts(one)) for number, one in found] == [
        (1, ["How do I sleep?", "Keep to one hour."]),
        (3, ["How do I sleep?", "Keep to one hour.", "[deleted]", "Not after noon."]),
    ]
    assert b"coffee" not in b"".join(piece.value for piece in cut(lines(rows), (), USUAL))


def test_an_orphan_is_marked_and_a_ring_is_refused() -> None:
    rows = [
        *TREE[:2],
        message("x", "nowhere", "Why?"),
        message("xy", "x", "So."),
        message("r", "s", "One."),
        message("s", "r", "Two."),
        message("t", "t", "Three."),
    ]
    found = read(lines(rows))
    assert [number for number, _ in found] == [1, 3, 4, 5, 6]
    assert (texts(found[1][1]), found[1][1]["is_orphan"]) == (["Why?", "So."], True)
    assert [one for _, one in found[2:]] == [Reason.NO_PARENT] * 3


def test_a_second_message_of_one_id_ends_a_path_of_its_own() -> None:
    rows = [*TREE[:2], TREE[3], {**TREE[1], "text": "Again."}]
    assert [texts(one) for _, one in read(lines(rows))] == [
        ["How do I sleep?", "Keep to one hour.", "And coffee?"],
        ["How do I sleep?", "Again."],
    ]


def test_a_bad_row_in_a_tree_is_a_record_of_its_own() -> None:
    rows = [TREE[0], b"{broken", TREE[1], {"message_id": "q"}]
    assert [(number, one) for number, one in read(lines(rows))[:2]] == [
        (1, b"{broken"),
        (3, {"message_id": "q"}),
    ]
    holds_at_every_piece(lines(rows), TIGHT, [9] * 40)


def _grown(trees: int, *, ids: bool) -> list[dict[str, Any]]:
    return [
        {**row, "message_id": f"{tree}-{row['message_id']}"}
        | {"parent_id": row["parent_id"] and f"{tree}-{row['parent_id']}"}
        | ({"message_tree_id": str(tree)} if ids else {})
        for tree in range(trees)
        for row in TREE
    ]


@pytest.mark.parametrize("ids", [True, False])
def test_trees_one_behind_the_other_are_closed_when_room_is_short_and_none_is_lost(ids: bool) -> None:
    limits = Limits(
        chunk_bytes=2000, chunk_records=7, record_bytes=2000, csv_field_bytes=2000, gather_bytes=20_000
    )
    data = lines(_grown(40, ids=ids))
    found = read(data, limits)
    assert [texts(one) for _, one in found] == [path for _, path in PATHS] * 40
    holds_at_every_piece(data, limits, [300] * 90)
    # reading on begins with the tree that was open, not at the object's start
    after = cut(data, (), limits)[-2].after
    assert after is not None
    assert after.record > 150


@pytest.mark.parametrize("ids", [True, False])
def test_a_tree_beyond_the_bound_is_refused_row_by_row_and_the_next_one_is_read(ids: bool) -> None:
    limits = Limits(
        chunk_bytes=2000, chunk_records=7, record_bytes=2000, csv_field_bytes=2000, gather_bytes=20_000
    )
    tree = {"message_tree_id": "big"} if ids else {}
    big = [message(f"b{at}", f"b{at - 1}" if at else None, "word", **tree) for at in range(60)]
    data = lines([*big, *_grown(2, ids=ids)])
    found = read(data, limits)
    of_big = [one for number, one in found if number < 60]
    refused = [one for one in of_big if isinstance(one, Reason)]
    # what comes behind the rows that were refused is an orphan, up to the tree's end
    assert refused == [Reason.TOO_LARGE] * len(of_big[:-1])
    assert 20 < len(refused) < 59
    assert (of_big[-1]["is_orphan"], len(of_big[-1]["path"])) == (True, 60 - len(refused))
    assert [texts(one) for number, one in found if number >= 60] == [path for _, path in PATHS] * 2
    holds_at_every_piece(data, limits, [300] * 90)


def test_paths_that_are_together_far_larger_than_their_rows_are_bounded() -> None:
    """2,000 ends of one long path: whole they would be 200 MB."""
    trunk = [message(f"t{at}", f"t{at - 1}" if at else None, "w" * 100) for at in range(700)]
    ends = [message(f"e{at}", "t699", "end") for at in range(2000)]
    limits = Limits(
        chunk_bytes=1 << 16,
        chunk_records=99,
        record_bytes=1 << 20,
        csv_field_bytes=1000,
        gather_bytes=3 << 20,
    )
    cutter = Cutter(limits)
    tracemalloc.start()
    try:
        found: list[tuple[int, bool]] = []
        assert not list(cutter.feed(lines([*trunk, *ends])))
        for piece in cutter.finish():
            found += [(number, isinstance(line, Reason)) for number, line in records([piece])]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [number for number, _ in found] == list(range(700, 2700))
    assert 10 < sum(not refused for _, refused in found) < 100
    assert most < 16 << 20


dialogue_ids = st.sampled_from(["1", "2", "a b", "é"])
utterance = st.tuples(
    dialogue_ids,
    st.sampled_from(["client", "therapist", "Anna"]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"), max_size=20),
)
noise = st.sampled_from([b"{bad", b"\x81", b"[1]", b'{"a": 1}', b"x" * 2500, b'{"transcript_id": "1"}'])


def _gathered(rows: list[tuple[str, str, str]]) -> dict[int, Any]:
    """The same, told plainly: neighbours of one id; blank rows are refusals of their own."""
    found: dict[int, Any] = {}
    before, first = None, None
    for number, (dialogue, speaker, text) in enumerate(rows):
        if dialogue != before:
            before, first = dialogue, None
        if isinstance(text_of(text), Reason):
            found[number] = Reason.EMPTY
            continue
        first = number if first is None else first
        found.setdefault(first, []).append((speaker, text))
    return found


@given(rows=st.lists(utterance, min_size=2, max_size=30), split=sizes, is_packed=st.booleans())
@settings(max_examples=150, deadline=None)
def test_random_dialogues_are_gathered_alike_from_every_container(
    rows: list[tuple[str, str, str]], split: list[int], is_packed: bool
) -> None:
    documents = [said(dialogue, speaker, text) for dialogue, speaker, text in rows]
    for write in (lines, table, array):
        data = write(documents)
        pieces = cut(gzip.compress(data) if is_packed else data, split, TIGHT)
        found = {
            number: line if isinstance(line, Reason) else talk(_opened(line))
            for number, line in records(pieces)
        }
        assert found == _gathered(rows)
        holds_at_every_piece(data, TIGHT, split)


annotated = st.builds(
    lambda one, annotator, id_: said(*one, annotator_id=annotator, utterance_id=id_),
    st.tuples(dialogue_ids, st.sampled_from(["client", "Anna"]), st.sampled_from(["One.", "Two.", "", None])),
    st.sampled_from([None, "a", "b", "c"]),
    st.sampled_from([None, None, 1, 2]),
)


@given(
    rows=st.lists(
        st.one_of(utterance.map(lambda one: said(*one)), annotated, noise), min_size=1, max_size=30
    ),
    split=sizes,
    record_bytes=st.integers(100, 500),
)
@settings(max_examples=120, deadline=None)
def test_with_bad_rows_and_tight_bounds_nothing_is_lost_or_sent_twice(
    rows: list[Any], split: list[int], record_bytes: int
) -> None:
    limits = Limits(
        chunk_bytes=300, chunk_records=2, record_bytes=record_bytes, csv_field_bytes=99, gather_bytes=1500
    )
    # rows enough to be taken for JSON Lines
    first = said("0", "client", "first", annotator_id="a", utterance_id=1)
    data = lines([first, *TWO * 8, *rows])
    holds_at_every_piece(data, limits, split)
    own = {
        number
        for number, one in enumerate(rows, start=41)
        if isinstance(one, bytes) or isinstance(text_of(one["utterance_text"]), Reason)
    }
    assert own <= {number for number, _ in records(cut(data, (), limits))}


node = st.tuples(st.integers(0, 9), st.integers(-1, 9), st.sampled_from(["x", "y", None, "", "[deleted]"]))


@given(
    rows=st.lists(st.one_of(node, noise), max_size=40),
    split=sizes,
    ids=st.sampled_from([0, 1, 3]),
    gather_bytes=st.integers(1500, 9000),
)
@settings(max_examples=120, deadline=None)
def test_of_random_trees_every_row_is_in_a_path_or_a_record_of_its_own(
    rows: list[Any], split: list[int], ids: int, gather_bytes: int
) -> None:
    limits = Limits(
        chunk_bytes=300, chunk_records=2, record_bytes=400, csv_field_bytes=99, gather_bytes=gather_bytes
    )
    first = message("first", None, "row 0", message_tree_id="0") if ids else message("first", None, "row 0")
    written: list[Any] = [first, *[{**first, "message_id": f"one {at}"} for at in range(30)]]
    for number, one in enumerate(rows, start=31):
        if isinstance(one, bytes):
            written.append(one)
            continue
        text = f"row {number}" if one[2] in ("x", "y") else one[2]
        row = message(str(one[0]), None if one[1] < 0 else str(one[1]), text)
        written.append({**row, "message_tree_id": str(one[0] % ids)} if ids else row)
    data = lines(written)
    holds_at_every_piece(data, limits, split)
    seen: set[int] = set()
    for number, line in records(cut(data, (), limits)):
        seen.add(number)
        document = _opened(line)
        if isinstance(document, dict) and "path" in document:
            seen |= {int(text[4:]) for text in texts(document) if text and text.startswith("row ")}
    blank = {
        at
        for at, row in enumerate(written)
        if isinstance(row, dict) and row.get("text") in (None, "", "[deleted]")
    }
    assert set(range(len(written))) - blank <= seen
