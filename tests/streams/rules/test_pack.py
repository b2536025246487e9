"""A pack is read whole or refused with all of its faults at once."""

import hashlib

import pytest

from streams.outcomes import Split
from streams.rules.model import Kind
from streams.rules.pack import BadPack, Pack, digest_of, read_pack

SMALL = {
    "pack.yaml": b"kind: pack\nversion: 2026.1.1\nchangelog: [first]\n",
    "policy.yaml": b"""kind: policy
gated_languages: [en]
quality_floors: {default: 0.5}
category_floor: 0.5
split_salt: salt
split_shares: {train: 0.7, val: 0.15, test: 0.15}
near_bands: 8
near_agreeing: 5
json_depth: 64
""",
    "guards.yaml": b"""kind: guards
guards:
  - {id: negation, why: denied, where: touching, characters: 40, patterns: ["(?:not|never)"], unless: ["only"]}
""",
    "crisis.yaml": b"""kind: crisis
guards: [negation]
rules:
  - {id: crisis.fall, level: acute, pattern: "falling far", why: w, match: [I am falling far], not: [I am not falling far]}
""",
}


def faults(**changed: bytes) -> str:
    with pytest.raises(BadPack) as refused:
        read_pack({**SMALL, **{f"{name}.yaml": data for name, data in changed.items()}})
    return "\n".join(refused.value.faults)


def test_the_small_pack_is_read() -> None:
    pack = read_pack(SMALL)
    assert [rule.id for rule in pack.rules] == ["crisis.fall"]
    assert pack.policy.split_shares == {Split.TRAIN: 0.7, Split.VAL: 0.15, Split.TEST: 0.15}


def test_the_shipped_pack_holds_every_kind_of_rule(pack: Pack) -> None:
    # what exchanges are about is said by the word model
    assert {rule.kind for rule in pack.rules} == set(Kind) - {Kind.CATEGORIES}
    assert pack.words is not None
    assert pack.version == "2026.11.8"
    assert pack.label == f"{pack.version}+{pack.digest[:8]}"


def test_every_shipped_rule_says_why_and_has_examples(pack: Pack) -> None:
    assert [rule.id for rule in pack.rules if not rule.why or not rule.match] == []
    assert [rule.id for rule in pack.rules if not rule.never and rule.weight] == []


def test_the_digest_follows_names_and_bytes_and_nothing_else() -> None:
    backwards = dict(reversed(SMALL.items()))
    assert digest_of(SMALL) == digest_of(backwards)
    assert (
        len(
            {
                digest_of(SMALL),
                digest_of({**SMALL, "x.yaml": b""}),
                digest_of({"a": b"b"}),
                digest_of({"ab": b""}),
            }
        )
        == 4
    )
    assert len(digest_of(SMALL)) == len(hashlib.sha256().hexdigest())


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (b"given: ana\nrare: zoe ana\n", "given and rare share words"),
        (b"given: ana\neither: ana\n", "given and either share words"),
        (b"rare: zoe\nnever: zoe\n", "given and never share words"),
        (b"given: anne-marie\n", "given and rare must be words of the letters a to z alone"),
    ],
)
def test_lists_of_names_that_cannot_be_meant_are_refused(names: bytes, fault: str) -> None:
    assert fault in faults(names=b"kind: names\n" + names)


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        crisis=b"""kind: crisis
guards: [negation, nowhere]
colour: red
rules:
  - {id: a.one, level: acute, pattern: "(?<=x)y", why: w, match: [y], not: []}
  - {id: a.one, level: sometimes, pattern: "Upper", why: w, match: [y], sound: loud}
  - {id: a.two, level: acute, pattern: "<unknown> x", why: "", match: []}
  - {id: a.three, level: acute, pattern: "(open", why: w, match: [x]}
""",
        policy=b"kind: policy\ngated_languages: en\n",
    )
    for expected in (
        "unknown key colour",
        "unknown key sound",
        "duplicate id a.one",
        "unknown guard nowhere",
        "a.one: bad pattern: only plain groups",
        "write lower case",
        "level must be one of acute, elevated",
        "unknown fragment <unknown>",
        "a.two: why must be a text",
        "a.two: match must not be empty",
        "a.three: bad pattern",
        "policy.yaml: gated_languages must be a list of texts",
        "policy.yaml: quality_floors: default is missing",
        "policy.yaml: split_shares",
    ):
        assert expected in told


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("match: [I am rising], not: []", "crisis.fall: match 1 is not matched"),
        ("match: [I am falling far], not: [so falling far]", "crisis.fall: not 1 is matched"),
        ("match: [never falling far]", "crisis.fall: match 1 is not matched"),
    ],
)
def test_an_example_that_does_not_behave_refuses_the_pack(row: str, fault: str) -> None:
    rule = f'  - {{id: crisis.fall, level: acute, pattern: "falling far", why: w, {row}}}\n'
    assert fault in faults(crisis=b"kind: crisis\nguards: [negation]\nrules:\n" + rule.encode())


def test_a_fault_about_an_example_never_quotes_it() -> None:
    rule = (
        b'  - {id: crisis.fall, level: acute, pattern: "falling far", why: w, match: [zanzibar-canary-7f3]}\n'
    )
    assert "zanzibar" not in faults(crisis=b"kind: crisis\nrules:\n" + rule)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"kind: crisis\nkind: tags\nrules: []\n", "duplicate key kind"),
        (b"kind: crisis\nrules: [", "crisis.yaml: line 3"),
        (b"\xff\xfe\x00", "crisis.yaml"),
        (b"just text", "is not a mapping"),
        (b"kind: nonsense\n", "kind must be one of"),
        (b"kind: crisis\nrules: 7\n", "rules must be a list"),
        (b"kind: pack\nversion: 2026.1.1\nchangelog: [x]\n", "kind pack: exactly one file, found 2"),
    ],
)
def test_a_file_that_is_not_one_is_named(data: bytes, fault: str) -> None:
    assert fault in faults(crisis=data)


def test_a_rule_of_a_later_file_is_added_by_adding_the_file() -> None:
    more = b'kind: crisis\nrules:\n  - {id: crisis.sink, level: elevated, pattern: "sinking", why: w, match: [sinking]}\n'
    pack = read_pack({**SMALL, "crisis_more.yaml": more})
    assert set(pack.by_id) == {"crisis.fall", "crisis.sink"}


def test_a_stored_database_gives_the_same_pack() -> None:
    pack = read_pack(SMALL)
    again = read_pack(SMALL, pack.database_bytes())
    assert again == pack


@pytest.mark.parametrize("stored", [b"", b"rubbish" * 40])
def test_a_stored_database_that_does_not_fit_is_made_again(stored: bytes) -> None:
    assert read_pack(SMALL, stored).digest == digest_of(SMALL)
    stamped = read_pack(SMALL).database_bytes()[:32] + stored
    assert read_pack(SMALL, stamped).digest == digest_of(SMALL)


def test_half_of_a_stored_database_is_made_again() -> None:
    whole = read_pack(SMALL).database_bytes()
    for size in (32, 36, 41, len(whole) - 1):
        assert read_pack(SMALL, whole[:size]).digest == digest_of(SMALL)


def test_a_rule_is_looked_for_only_where_its_first_sign_stands() -> None:
    row = '  - {id: crisis.fall, level: acute, first: "far", pattern: "falling far", why: w, match: [I am falling far]}\n'
    crisis = b"kind: crisis\nguards: [negation]\nrules:\n" + row.encode()
    assert read_pack({**SMALL, "crisis.yaml": crisis}).by_id["crisis.fall"].first == b"far"
    # a sign that a match does not hold would hide it, so the example finds that out
    assert "match 1 is not matched" in faults(crisis=crisis.replace(b'first: "far"', b'first: "near"'))


@pytest.mark.parametrize("hint", ["[a-z]@", "x?@", "a|@"])
def test_a_hint_without_a_fixed_beginning_is_refused(hint: str) -> None:
    row = f'  - {{id: pii.email, type: email, hint: "{hint}", pattern: "x@y", why: w, match: [x@y]}}\n'
    assert "hint must begin with" in faults(pii=b"kind: pii\nrules:\n" + row.encode())


def test_a_stored_database_of_other_patterns_is_not_used() -> None:
    other = {**SMALL, "crisis.yaml": SMALL["crisis.yaml"].replace(b"falling", b"drifting")}
    stored = read_pack(other).database_bytes()
    # its examples pass, so the database was compiled from this pack's patterns
    assert read_pack(SMALL, stored).by_id["crisis.fall"].match == ("I am falling far",)
