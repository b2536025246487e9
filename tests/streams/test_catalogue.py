"""`sources.yaml`: every fault at once, which source an object belongs to, and what its records keep."""

from pathlib import Path

import pytest

from streams.catalogue import Catalogue
from streams.catalogue_file import BadCatalogue, parse_catalogue
from streams.key_globs import KeyGlobs
from streams.records import Origin

ROOT = Path(__file__).parents[2]


def _catalogue(text: str, places: tuple[str, ...] = (), output: str = "") -> Catalogue:
    return parse_catalogue(text.encode(), places, output)


def _faults(text: str, places: tuple[str, ...] = (), output: str = "") -> tuple[str, ...]:
    with pytest.raises(BadCatalogue) as caught:
        _catalogue(text, places, output)
    return caught.value.faults


def test_the_example_is_a_catalogue_that_shows_every_setting() -> None:
    body = (ROOT / "sources.example.yaml").read_bytes()
    found = parse_catalogue(body)
    assert [source.name for source in found.sources] == ["counselchat", "forum-archive", "clinic-exports"]
    text = body.decode()
    for name in (*type(found.sources[0]).model_fields, *type(found.sources[0].server).model_fields):
        assert name in text, f"{name} is not in the example"


def test_all_faults_come_at_once_each_with_its_place() -> None:
    faults = _faults(
        """
version: 1
sources:
  - {name: Good Name, place: s3://b/x/}
  - {name: two, place: chats/drops, tier: 9, categroy: therapy}
  - {name: three, place: s3://b/z/, category: thereapy, ready: later, include: [""], keep_fields: upvotes}
  - {name: four, place: s3://out/runs/}
  - {name: four, place: s3://b/z/}
""",
        output="s3://out/",
    )
    text = "\n".join(faults)
    assert "source Good Name: name" in text
    assert "source two: place: must be s3://bucket" in text
    assert "source two: tier" in text
    assert "source two: categroy: no such setting" in text
    assert "source three: category: no such category" in text
    assert "source three: ready" in text
    assert "source three: include" in text
    assert "source three: keep_fields: must be a list" in text
    assert "source four: s3://out/runs/ lies in the output" in text
    assert "two sources are named four" in text
    assert len(faults) == 10


def test_a_setting_that_is_given_twice_is_a_fault_with_its_line() -> None:
    (fault,) = _faults("sources:\n- name: a\n  place: s3://b/\n  tier: 1\n  tier: 2\n")
    assert fault == "line 2: duplicate key tier"


def test_a_plain_place_takes_no_name_that_the_file_has_given() -> None:
    found = _catalogue("sources: [{name: drops, place: s3://b/x/}]", ("s3://c/drops/",))
    assert [source.name for source in found.sources] == ["drops", "drops-2"]


@pytest.mark.parametrize("body", [b"sources: [", b"- a", b"\xff\xfe\xfa", b"just words"])
def test_what_is_no_catalogue_says_so(body: bytes) -> None:
    with pytest.raises(BadCatalogue):
        parse_catalogue(body)


def test_two_sources_may_not_share_a_name_or_a_place_or_reach_one_bucket_in_two_ways() -> None:
    text = "\n".join(
        _faults(
            """
sources:
  - {name: a, place: s3://b/x/}
  - {name: a, place: s3://b/x/}
  - {name: c, place: s3://b/y/, server: {region: eu-west-1}}
"""
        )
    )
    assert "two sources are named a" in text
    assert "two sources read s3://b/x/" in text
    assert "bucket b is reached in two ways" in text


def test_a_source_in_the_output_is_refused() -> None:
    (fault,) = _faults("sources: [{name: own, place: s3://b/out/runs/}]", output="s3://b/out/")
    assert "own output is never read" in fault


def test_plain_places_are_sources_named_by_their_last_folder() -> None:
    found = _catalogue("", ("s3://b/drops/", "s3://c/drops/", "s3://Bücket/", "s3://b/drops/"))
    assert [(s.name, s.place) for s in found.sources] == [
        ("drops", "s3://b/drops/"), ("drops-2", "s3://c/drops/"), ("b-cket", "s3://Bücket/"),
    ]  # fmt: skip


def test_a_plain_place_that_the_file_describes_too_is_one_source() -> None:
    found = _catalogue("sources: [{name: a, place: s3://b/x, tier: 2}]", ("s3://b/x/", "s3://b/"))
    assert [(s.name, s.tier) for s in found.sources] == [("a", 2), ("b", None)]
    assert found.origin_of("b", "x/one") == Origin("a", 2)
    assert found.origin_of("b", "y") == Origin("b")
    assert found.origin_of("elsewhere", "y") == Origin("elsewhere")


def test_the_longest_place_that_holds_an_object_is_its_source() -> None:
    found = _catalogue(
        """
sources:
  - {name: all, place: s3://b/}
  - {name: csv, place: s3://b/x/, include: ["*.csv"], exclude: [old/]}
  - {name: marked, place: s3://b/m/, ready: marker}
"""
    )

    def name(key: str) -> str | None:
        source = found.of("b", key)
        return None if source is None else source.name

    assert name("x/deep/one.csv") == "csv"
    assert name("x/one.jsonl") == "all"
    assert name("x/old/one.csv") == "all"
    assert name("m/part-0") == "marked"
    assert name("m/_SUCCESS") == "all"


@pytest.mark.parametrize(
    ("glob", "key", "fits"),
    [
        ("*.csv", "a.csv", True), ("*.csv", "deep/er/a.csv", True), ("*.csv", "a.csv.gz", False),
        ("/*.csv", "a.csv", True), ("/*.csv", "deep/a.csv", False), ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", False), ("a/**/c", "a/c", True), ("a/**/c", "a/b/b/c", True),
        ("old/", "old/x", True), ("old/", "new/old/x", False), ("part-?", "part-7", True),
        ("part-[0-9]", "part-x", False), ("part-[!0-9]", "part-x", True), ("50%.csv", "50%.csv", True),
        ("a+b (c).csv", "a+b (c).csv", True), ("*", "line\nbreak", True), ("日*", "日記", True),
    ],
)  # fmt: skip
def test_globs_mean_what_they_mean_in_a_gitignore(glob: str, key: str, fits: bool) -> None:
    assert KeyGlobs([glob], []).let_through(key) is fits
    assert KeyGlobs([], [glob]).let_through(key) is not fits
