import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from producers.seen import Seen

name = st.binary(max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["add", "discard"]), name), max_size=200))
@settings(max_examples=100, deadline=None)
def test_it_holds_just_what_was_added_and_not_discarded(moves: list[tuple[str, bytes]]) -> None:
    seen, truth = Seen(), set[bytes]()
    for move, what in moves:
        if move == "add":
            seen.add(what)
            truth.add(what)
        else:
            seen.discard(what)
            truth.discard(what)
    assert len(seen) == len(truth)
    assert all((what in seen) == (what in truth) for _, what in moves)


def test_a_million_names_take_less_than_20_bytes_each_beyond_the_empty_buckets() -> None:
    tracemalloc.start()
    try:
        seen = Seen()
        for number in range(300_000):
            seen.add(b"%d" % number)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    buckets = 65_536 * (8 + 90)  # a pointer and an empty bytearray each
    assert held - buckets < 300_000 * 20
    assert b"299999" in seen
    assert b"300000" not in seen
