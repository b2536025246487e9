"""A gate's rules and its model together: what is said, where, and of whose words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.chain import Desk, before_dedup, divert, run_steps, settle
from streams.fold import fold
from streams.outcomes import Crisis, Held, Kept, Level, Reason
from streams.records import Conversation, Finding, Message, Origin, Record, Role, Source
from streams.rules.fields import BadPack
from streams.rules.gate_model import ByLength
from streams.rules.model import Kind, Pack
from streams.rules.pack import read_pack
from streams.rules.plain import plain
from streams.steps.gate import finding
from streams.steps.scan import scan
from streams.topology import FUSED
from tests.streams.small_pack import MODEL_FILES, MODELS, model

CANARY = "the quiet word of the test"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(MODEL_FILES)


def said(
    *turns: str, roles: tuple[Role, ...] = (Role.USER, Role.ASSISTANT), guessed: bool = False
) -> Conversation:
    messages = tuple(Message(roles[place % len(roles)], turn) for place, turn in enumerate(turns))
    return Conversation(messages, "chat", roles_guessed=guessed)


def found(conversation: Conversation, pack: Pack, gate: Kind = Kind.CRISIS) -> Finding:
    return finding(scan(conversation, pack), gate, pack)


def test_the_model_speaks_under_its_own_name_and_tells_acute_from_elevated(pack: Pack) -> None:
    elevated, acute = found(said("at the quixotry"), pack), found(said("on the jukebox"), pack)
    assert (elevated.level, elevated.rules) == (Level.ELEVATED, ("crisis.model",))
    assert (acute.level, acute.rules) == (Level.ACUTE, ("crisis.model",))
    assert elevated.score >= 0.5


def test_a_score_below_the_threshold_is_a_fact_and_no_finding(pack: Pack) -> None:
    quiet = found(said("a walk by the sea"), pack)
    assert quiet.level is None
    assert 0 < quiet.score < 0.5
    assert quiet.spans == ()


def test_the_scope_model_must_agree_and_is_asked_of_the_model_alone() -> None:
    models = MODELS.replace(
        b"acute_file: acute.npz, acute_threshold", b"scope_file: acute.npz, scope_threshold"
    )
    scoped = read_pack({**MODEL_FILES, "models.yaml": models})
    outside, within = found(said("at the quixotry"), scoped), found(said("jukebox at the quixotry"), scoped)
    assert outside.level is None
    assert outside.score >= 0.5
    assert within.rules == ("crisis.model",)
    assert found(said("I want to die at the quixotry"), scoped).rules == ("crisis.die",)
    far_above = models.replace(b"scope_file", b"scope_below: 2.0, scope_file")
    asked_seldom = read_pack({**MODEL_FILES, "models.yaml": far_above})
    assert found(said("at the quixotry"), asked_seldom).rules == ("crisis.model",)


def test_what_the_other_side_says_is_added_where_the_pack_asks_for_it() -> None:
    beside = MODELS.replace(b"{gate: unsafe_reply,", b"{gate: unsafe_reply, beside_file: beside.npz,")
    pack = read_pack({**MODEL_FILES, "models.yaml": beside, "beside.npz": model("gondola")})
    told, answered = said("off to the gondola", "a walk by the sea"), said("a plain day", "a walk by the sea")
    assert found(told, pack, Kind.UNSAFE_REPLY).level is not None
    assert found(answered, pack, Kind.UNSAFE_REPLY).level is None
    # where it is a guess whose words are whose, they are read as one side already
    guessed = said("off to the gondola", "a walk by the sea", guessed=True)
    assert found(guessed, pack, Kind.UNSAFE_REPLY).level is None
    with pytest.raises(BadPack, match=r"beside\.npz is missing"):
        read_pack({**MODEL_FILES, "models.yaml": beside})


def test_rules_and_model_speak_together_and_the_graver_level_stands(pack: Pack) -> None:
    both = found(said("I want to die at the quixotry"), pack)
    assert both.rules == ("crisis.die", "crisis.model")
    assert both.level is Level.ACUTE
    with_elevated_rule = found(said("no point in living on the jukebox"), pack)
    assert with_elevated_rule.level is Level.ACUTE


def test_each_gate_reads_its_own_side_and_both_where_roles_are_guessed(pack: Pack) -> None:
    theirs = said("hello", "at the quixotry")
    assert found(theirs, pack).level is None
    assert found(theirs, pack, Kind.UNSAFE_REPLY).rules == ("unsafe_reply.model",)
    assert found(said("hello", "at the quixotry", guessed=True), pack).level is not None
    assert found(said("quixotry", roles=(Role.SYSTEM,)), pack).level is None


@pytest.mark.parametrize("text", ["...", "\u200b", "!?", "（）"])
def test_where_there_is_no_word_the_model_says_nothing(pack: Pack, text: str) -> None:
    assert found(said(text), pack).score == 0


WORDS = st.lists(
    st.sampled_from(["tea", "it's", "so,", "well.", "…", "'", "—", "naïve", "día", "5", "🙂", "ok\nthen"])
)


@given(before=WORDS, after=WORDS, turns=st.integers(0, 3))
def test_the_span_holds_what_the_model_saw(before: list[str], after: list[str], turns: int) -> None:
    pack = read_pack_once()
    text = " ".join([*before * 20, "quixotry", *after * 20])
    conversation = said(*["so it’s told", "yes?"] * turns, text)
    spans = found(conversation, pack).spans
    assert any(
        "quixotry" in conversation.messages[span.message].content[span.start : span.end] for span in spans
    )
    for span in spans:
        assert conversation.messages[span.message].role is Role.USER


def read_pack_once(packs: list[Pack] = []) -> Pack:  # noqa: B006 - a cache for a property, which takes no fixture
    if not packs:
        packs.append(read_pack(MODEL_FILES))
    return packs[0]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"crisis.npz": None}, "crisis.npz is missing"),
        ({"crisis.npz": b"rubbish"}, "not a model file"),
        ({"models.yaml": MODELS.replace(b"unsafe_reply", b"crisis")}, "a second model of one gate"),
        ({"models.yaml": MODELS.replace(b"unsafe_reply", b"ears")}, "gate must be one of"),
        ({"models.yaml": MODELS.replace(b"0.05}", b"0.05, mood: 1}")}, "unknown key mood"),
        ({"models.yaml": MODELS.replace(b"longer: 1.0", b"longer: high")}, "thresholds: longer must be"),
        ({"models.yaml": MODELS.replace(b"longer: 1.0", b"'-20': 1.0")}, "thresholds: -20 must be"),
        ({"models.yaml": MODELS.replace(b"longer: 1.0", b"'20': 1.0")}, "thresholds: longer is missing"),
        (
            {"models.yaml": MODELS.replace(b"passage_bytes: 500", b"passage_bytes: 5")},
            "passage_bytes must be",
        ),
        ({"more.yaml": MODELS}, "one file at most"),
        ({"models.yaml": MODELS.replace(b"acute_threshold: 1.0, ", b"")}, "acute_threshold must be a number"),
    ],
)
def test_a_pack_whose_model_is_missing_or_unfit_is_refused(
    files: dict[str, bytes | None], fault: str
) -> None:
    changed = {name: body for name, body in {**MODEL_FILES, **files}.items() if body is not None}
    with pytest.raises(BadPack, match=fault):
        read_pack(changed)


def test_a_long_text_is_judged_by_the_mean_of_its_readings_or_by_its_gravest_passage(pack: Pack) -> None:
    model = pack.models[Kind.CRISIS]
    text = plain(fold("we had tea . " * 60 + "at the quixotry . " + "we had tea . " * 60))
    read = model.scorer.read(text, model.passage_bytes)
    assert read.window.value < read.passage.value
    # where the mean lies further above its threshold than the passage above its own, that is the margin
    for above_mean, above_passage in ((2.0, 1.0), (1.0, 2.0), (-2.0, -1.0)):
        judged = replace(
            model,
            thresholds=ByLength((), (read.value - above_mean,)),
            passage_thresholds=ByLength((), (read.passage.value - above_passage,)),
        )
        margin, shown = judged.margin(text, None)
        assert margin == pytest.approx(max(above_mean, above_passage))
        assert shown == (read.window if above_mean > above_passage else read.passage)
        assert judged.speaks(text, margin) == (margin >= 0)


def test_a_model_that_fails_holds_the_record(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise FloatingPointError(CANARY)

    monkeypatch.setattr("streams.rules.scorer.Scorer.read", broken)
    line = b'{"messages": [{"role": "user", "content": "at the quixotry"}, {"role": "assistant", "content": "so"}]}'
    record = Record(Source("b", "k", "v", 0), Origin("s"), line)
    run_steps([Desk(record)], before_dedup(FUSED[0].steps), pack, observe=lambda *_: None, clock=lambda: 0.0)
    settle(divert([record]))
    assert record.outcome == Held(Reason.GATE_ERROR)


def test_the_models_raise_records_in_the_chain(pack: Pack) -> None:
    answer = (
        "It sounds as if the days have been long and heavy lately, and that you have carried much of it alone. "
        "Some calm can help for a while. What went through your mind when you sat there, and is "
        "there somebody whom you could tell about it this week? If you like, we can think of a first step."
    )
    outcomes = []
    for asked in ("I sat by the quixotry", "I sat by the window"):
        line = f'{{"messages": [{{"role": "user", "content": "{asked}"}}, {{"role": "assistant", "content": "{answer}"}}]}}'
        record = Record(Source("b", "k", "v", 0), Origin("s"), line.encode())
        run_steps(
            [Desk(record)], before_dedup(FUSED[0].steps), pack, observe=lambda *_: None, clock=lambda: 0.0
        )
        settle(divert([record]))
        outcomes.append(record.outcome)
    assert outcomes[0] == Crisis(Level.ELEVATED)
    assert isinstance(outcomes[1], Kept)
