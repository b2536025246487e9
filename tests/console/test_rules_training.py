"""The shipped models are what their examples give, and the shipped pack holds what it promises."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from clients.errors import Fatal
from clients.packs import shipped_files
from console.main import app
from console.rules.check import check
from console.rules.fit import digest_of_examples, train
from console.rules.sets import CALIBRATION, EXAMPLES, TEST, labelled
from console.rules.training import GENERAL, train_gate
from console.rules.validate import scores
from streams.rules.labelled import Example
from streams.rules.model import GATES, Kind
from streams.rules.pack import Pack, read_pack


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(shipped_files())


@pytest.mark.parametrize("gate", sorted(GATES))
def test_training_again_gives_the_same_decisions(gate: Kind, pack: Pack) -> None:
    shipped = pack.models[gate]
    examples, test = labelled(gate, EXAMPLES), labelled(gate, TEST)
    assert digest_of_examples(examples) == shipped.scorer.examples
    again = train(examples, gate)
    before = scores(shipped.scorer, test, gate, shipped.beside)
    after = scores(again.scorer, test, gate, again.beside)
    for threshold in shipped.thresholds.thresholds:
        assert ((before >= threshold) == (after >= threshold)).all()


def test_the_examples_are_as_many_and_as_varied_as_the_model_card_says() -> None:
    examples = labelled(Kind.CRISIS, EXAMPLES)
    assert len(examples) >= 6000
    assert len({example.stratum for example in examples}) >= 30
    assert len(labelled(Kind.UNSAFE_REPLY, EXAMPLES)) >= 1000
    assert {example.stratum for example in examples} >= GENERAL
    writers = {example.writer for example in examples}
    assert writers.isdisjoint(example.writer for example in [*labelled(Kind.CRISIS, CALIBRATION)])
    assert writers.isdisjoint(example.writer for example in labelled(Kind.CRISIS, TEST))


def test_near_copies_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    twice = Example("a.jsonl:1", "a", "calm", False, None, "en", "", ("one two three four five six seven",))

    def sets(gate: Kind, name: str) -> tuple[Example, ...]:
        return (twice,) if name in {EXAMPLES, TEST} else ()

    monkeypatch.setattr("console.rules.training.labelled", sets)
    with pytest.raises(Fatal, match="near copies"):
        train_gate(Kind.CRISIS, tmp_path, Console(file=io.StringIO()), is_validated=False)
    assert not list(tmp_path.iterdir())


def test_validation_bears_a_writer_who_wrote_harmless_ones_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = {True: "nobody would miss you at all", False: "shall we look at the week together"}
    rows = [(writer, n, writer != "b" and n % 2 == 0) for writer in "abc" for n in range(4)]
    examples = tuple(
        Example(f"{w}.jsonl:{n}", w, "x", label, None, "en", "", ("hello", f"{w}{n} {says[label]} {n}{w}"))
        for w, n, label in rows
    )
    monkeypatch.setattr(
        "console.rules.training.labelled", lambda gate, name: () if name == TEST else examples
    )
    monkeypatch.setattr("console.rules.training.near_copies", lambda examples, gate: [])
    out = io.StringIO()
    train_gate(Kind.UNSAFE_REPLY, tmp_path, Console(file=out, width=140), is_validated=True)
    assert "each writer, by a model that saw nothing of theirs" in out.getvalue()
    assert "the curve" in out.getvalue()


def test_the_shipped_pack_holds_what_it_promises(pack: Pack) -> None:
    out = io.StringIO()
    assert check(pack, Console(file=out, width=140)), out.getvalue()[-2000:]
    assert "All that the pack promises of its gates holds" in out.getvalue()


def test_a_promise_that_is_not_held_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, body in shipped_files().items():
        strict = (
            body.replace(b"least_recall: 0.95", b"least_recall: 0.999") if name == "models.yaml" else body
        )
        (tmp_path / name).write_bytes(strict)
    monkeypatch.setenv("FOREBAY_STATE", str(tmp_path / "state"))
    result = CliRunner().invoke(app, ["rules", "check", "--rules", str(tmp_path)])
    assert result.exit_code == 1
    assert "the pack promises 0.999" in " ".join(result.output.split())


def test_a_rule_and_a_text_are_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOREBAY_STATE", str(tmp_path))
    shown = CliRunner().invoke(app, ["rules", "show", "crisis.suicide.intent"])
    assert shown.exit_code == 0
    assert "level acute" in shown.output
    tried = CliRunner().invoke(app, ["rules", "test", "I'm going to kill myself tonight."])
    assert "crisis.suicide.intent matched" in tried.output
    assert "crisis  acute" in tried.output
    unknown = CliRunner().invoke(app, ["rules", "show", "no.such"])
    assert isinstance(unknown.exception, Fatal)
