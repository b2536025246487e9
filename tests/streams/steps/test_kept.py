"""What a source wants kept of its records reaches metadata scrubbed; a person is a keyed hash that shares a split."""

import orjson

from streams.chain import STEPS, Desk, receive, run_steps
from streams.records import Origin, Record
from streams.rules.pack import Pack
from streams.steps.kept import LONGEST_CHARACTERS, kept_fields, persons
from tests.streams.small_records import CANARY, chat, chunk, numbered

KEPT = Origin(
    "forum", keep_fields=("upvotes", "Answered By", "link", "long", "missing", "nested"), person="author id"
)


def _records(origin: Origin, lines: list[bytes], pack: Pack, key: bytes = b"k") -> list[Record]:
    records = receive(chunk(lines), lambda _bucket, _key: origin, persons(key))
    run_steps([Desk(r) for r in records], tuple(STEPS), pack, observe=lambda *_: None, clock=lambda: 0.0)
    return records


def test_named_fields_are_kept_and_their_personal_data_is_not(pack: Pack) -> None:
    line = orjson.dumps(
        {
            "Upvotes": 7,
            "answered-by": "Dr. Moe, moe@post.example",
            "link": True,
            "long": "x" * (LONGEST_CHARACTERS + 1),
            "nested": {"a": 1},
        }
    )
    found = kept_fields(line, KEPT.keep_fields, pack)
    assert found == {
        "upvotes": 7, "Answered By": "Dr. [PERSON_NAME], [EMAIL]", "link": True, "long": None, "missing": None, "nested": None,
    }  # fmt: skip


def test_a_line_that_is_no_object_keeps_nothing(pack: Pack) -> None:
    assert kept_fields(b"{broken", ("a",), pack) == {"a": None}
    assert kept_fields(b"[1]", ("a",), pack) == {"a": None}


def test_one_person_is_one_hash_and_one_split_whatever_was_said(pack: Pack) -> None:
    lines = [
        orjson.dumps(orjson.loads(numbered(n)) | {"author_id": who})
        for n, who in enumerate(["17", 17, " 17 ", "18"])
    ]
    first, second, third, other = _records(KEPT, lines, pack)
    assert first.person == second.person == third.person
    assert first.person is not None
    assert other.person != first.person
    groups = [r.group.group for r in (first, second, third, other) if r.group is not None]
    assert len(groups) == 4
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_another_key_gives_another_hash_and_no_field_gives_none(pack: Pack) -> None:
    line = chat(
        "How do I sleep better after long shifts at the harbour?", "A short walk may help.", author_id="17"
    )
    (one,) = _records(KEPT, [line], pack, b"one")
    (two,) = _records(KEPT, [line], pack, b"two")
    assert one.person != two.person
    (none,) = _records(KEPT, [numbered(1)], pack)
    assert none.person is None
    (unasked,) = _records(Origin("forum"), [line], pack)
    assert unasked.person is None
    assert unasked.kept is None


def test_no_field_that_was_not_named_is_kept(pack: Pack) -> None:
    (record,) = _records(KEPT, [chat("How are the boats?", "They are fine.", secret=CANARY)], pack)
    assert CANARY not in repr(record.kept)
