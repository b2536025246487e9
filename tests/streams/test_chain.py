from collections import Counter
from collections.abc import Iterator

import pytest

from console.bench.bare_loop import mark_copies
from streams.chain import STEPS, Desk, before_dedup, divert, receive, run_steps, settle
from streams.chunks import Part, RawChunk, Stub
from streams.outcomes import Crisis, Held, Kept, Reason, Rejected, name_of
from streams.records import Failure, Origin, Record, Source
from streams.topology import FUSED
from tests.streams.small_pack import small_pack
from tests.streams.small_records import CANARY, LINES, all_kinds, chunk

STEPS_OF_FUSED = before_dedup(FUSED[0].steps)


def run(records: list[Record], steps: tuple[str, ...] = STEPS_OF_FUSED) -> list[tuple[str, float]]:
    seen: list[tuple[str, float]] = []
    ticks: Iterator[int] = iter(range(10_000))
    run_steps(
        [Desk(record) for record in records],
        steps,
        small_pack(),
        observe=lambda step, seconds: seen.append((step, seconds)),
        clock=lambda: next(ticks),
    )
    return seen


def ended(records: list[Record]) -> dict[str, str]:
    known: set[str] = set()
    mark_copies(divert(records), known, set(), 0)
    settle(records)
    return {
        kind: name_of(record.outcome)
        for kind, record in zip([*LINES, "stub"], records, strict=True)
        if record.outcome
    }


def test_each_step_is_observed_once_for_a_chunk_in_order() -> None:
    assert run(all_kinds()) == [(step, 1) for step in STEPS_OF_FUSED]


def test_every_kind_of_record_ends_where_it_should() -> None:
    records = all_kinds()
    run(records)
    assert ended(records) == {
        "kept": "kept",
        "exact copy": "duplicate",
        "crisis": "crisis",
        "crisis unanswered": "crisis",
        "unsafe reply": "held",
        "pii": "kept",
        "pii in doubt": "held",
        "unanswered": "rejected",
        "low quality": "rejected",
        "ungated": "held",
        "bad json": "rejected",
        "unknown shape": "rejected",
        "tag and category": "kept",
        "stub": "rejected",
    }


def test_received_is_the_sum_of_the_outcomes() -> None:
    records = all_kinds()
    run(records)
    counts = Counter(ended(records).values())
    assert sum(counts.values()) == len(records)
    assert set(counts) == {"kept", "crisis", "held", "duplicate", "rejected"}


def test_convert_lets_go_of_the_raw_line() -> None:
    records = all_kinds()
    run(records, ("convert",))
    assert all(record.line == b"" for record in records)


def test_a_step_that_raises_on_one_record_holds_that_record_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = STEPS["quality"]

    def picky(desk: Desk, pack: object) -> None:
        if desk.record.source.record == 100:
            raise RuntimeError(f"quoting {CANARY}")
        real(desk, small_pack())

    monkeypatch.setitem(STEPS, "quality", picky)
    records = all_kinds()
    run(records)
    broken, others = records[0], records[1:]
    assert broken.failure == Failure("quality", "RuntimeError")
    assert broken.crisis is not None, "facts found before stay"
    assert broken.group is None, "later steps leave it alone"
    assert all(record.failure is None for record in others)
    settle(divert(records) and records)
    assert broken.outcome == Held(Reason.STEP_ERROR)


def test_a_person_in_danger_is_seen_although_a_later_step_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(desk: Desk, pack: object) -> None:
        raise ValueError

    monkeypatch.setitem(STEPS, "ears", broken)
    records = all_kinds()
    run(records)
    divert(records)
    assert isinstance(records[list(LINES).index("crisis")].outcome, Crisis)


@pytest.mark.parametrize("step", ["scan", "crisis", "unsafe_reply"])
def test_an_error_in_the_gate_never_looks_like_no_crisis(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def broken(desk: Desk, pack: object) -> None:
        raise ValueError

    monkeypatch.setitem(STEPS, step, broken)
    records = receive(chunk([LINES["kept"]]), lambda _bucket, _key: Origin("tests"))
    run(records)
    divert(records)
    assert [record.outcome for record in records] == [Held(Reason.GATE_ERROR)]


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, SystemExit])
def test_what_is_not_the_records_fault_passes_through(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def broken(desk: Desk, pack: object) -> None:
        raise error

    monkeypatch.setitem(STEPS, "quality", broken)
    with pytest.raises(error):
        run(all_kinds())


def test_a_step_without_its_scan_fails_by_name_instead_of_finding_nothing() -> None:
    records = receive(chunk([LINES["crisis"]]), lambda _bucket, _key: Origin("tests"))
    run(records, ("convert", "pii"))
    assert records[0].failure == Failure("pii", "NoScan")


def test_records_keep_their_numbers_and_each_part_its_origin() -> None:
    parts = (Part("b", "x", "1", 7, 2, "jsonl"), Part("b", "y", "1", 0, 2, "csv"))
    raw = RawChunk(b"1\n2\n3", parts, (Stub(0, 8, Reason.TOO_LARGE, 0, 1),))
    asked: list[str] = []

    def origin_of(bucket: str, key: str) -> Origin:
        asked.append(key)
        return Origin(f"source of {key}")

    records = receive(raw, origin_of)
    assert [r.source for r in records] == [
        Source("b", "x", "1", 7),
        Source("b", "x", "1", 8),
        Source("b", "y", "1", 0),
        Source("b", "y", "1", 1),
    ]
    assert [r.line for r in records] == [b"1", b"", b"2", b"3"]
    assert records[1].refused is Reason.TOO_LARGE
    assert [r.origin.name for r in records] == ["source of x"] * 2 + ["source of y"] * 2
    assert asked == ["x", "y"]


def test_only_a_record_that_would_be_kept_is_asked_about() -> None:
    records = all_kinds()
    run(records)
    asking = divert(records)
    assert {kind for kind, r in zip([*LINES, "stub"], records, strict=True) if r in asking} == {
        "kept",
        "exact copy",
        "pii",
        "tag and category",
    }
    settle(records)
    assert all(isinstance(record.outcome, Kept) for record in asking)


def test_settling_leaves_an_outcome_that_is_there() -> None:
    record = Record(Source("b", "k", "1", 0), Origin(""), outcome=Rejected(Reason.EMPTY))
    settle([record])
    assert record.outcome == Rejected(Reason.EMPTY)


def test_a_step_after_dedup_is_refused() -> None:
    with pytest.raises(ValueError, match="after dedup"):
        before_dedup(("convert", "dedup", "group", "decide"))


def test_an_unknown_step_is_named() -> None:
    with pytest.raises(ValueError, match="astrology"):
        before_dedup(("convert", "astrology"))
