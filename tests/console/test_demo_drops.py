import csv
import gzip
import io

import orjson
import pytest

from console.demo.generate import Drop, Drops, generate

CANARY = "zanzibar-canary-7f3"


@pytest.fixture(scope="module")
def drops() -> Drops:
    return generate(records=2000, seed=3)


def rows(drop: Drop) -> list[bytes]:
    body = gzip.decompress(drop.body) if drop.key.endswith(".gz") else drop.body
    if drop.key.endswith(".csv"):
        return [orjson.dumps(row) for row in csv.DictReader(io.StringIO(body.decode(), newline=""))]
    return body.splitlines()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(drops: Drops) -> None:
    again = generate(records=2000, seed=3)
    assert [drop.body for drop in again.early] == [drop.body for drop in drops.early]
    assert [drop.body for drop in generate(records=2000, seed=4).early] != [drop.body for drop in drops.early]


def test_each_drop_holds_as_many_records_as_it_says(drops: Drops) -> None:
    assert drops.records == 2000
    for drop in (*drops.early, *drops.late):
        assert len(rows(drop)) == drop.records


def test_the_counts_are_near_the_shares_that_are_promised(drops: Drops) -> None:
    assert 0.05 < drops.copies / drops.records < 0.11
    assert 0.015 < drops.crises / drops.records < 0.045
    broken = 0
    for drop in (*drops.early, *drops.late):
        for row in rows(drop):
            try:
                orjson.loads(row)
            except orjson.JSONDecodeError:
                broken += 1
    assert broken == drops.broken > 0
    assert drops.nulls > 0
    nulls = sum(b'"content":null' in row for drop in drops.early for row in rows(drop))
    assert 0 < nulls <= drops.nulls  # one of them may have been cut in half


def test_a_record_has_about_a_kilobyte_and_texts_that_are_not_copies_differ(drops: Drops) -> None:
    chats = [row for drop in drops.early if drop.key.startswith("support/") for row in rows(drop)]
    assert 700 < sum(map(len, chats)) / len(chats) < 2000
    questions = set()
    for row in chats:
        try:
            questions.add(orjson.loads(row)["messages"][0]["content"])
        except orjson.JSONDecodeError:
            continue
    assert len(questions) > 0.85 * len(chats)


def test_the_canary_is_put_in_only_when_it_is_asked_for(drops: Drops) -> None:
    assert not any(CANARY.encode() in drop.body for drop in drops.early)
    assert any(CANARY.encode() in drop.body for drop in generate(records=1000, canary=CANARY).early)
