"""What the README says of settings, records, words and messages is what the code says."""

import importlib
import json
import re
from typing import Any

import pytest

from console.local import toolchain
from console.local.ports import Ports
from console.settings_table import settings_markdown
from streams.chain import Desk, before_dedup, divert, run_steps, settle
from streams.names import DATASETS, Layout
from streams.outcomes import OUTCOMES, Split
from streams.records import Conversation, Origin, Record, Role, Source, Unreadable
from streams.render import render
from streams.settings import Settings
from streams.shapes import order
from streams.steps.convert import convert
from streams.topology import FUSED
from tests.readme.readme_file import ROOT, readme
from tests.streams.small_pack import small_pack
from tests.streams.small_records import LINES


def shape_of(value: Any) -> Any:
    """Names of fields at every depth; lists and plain values are leaves, for they differ from record to record."""
    return {name: shape_of(inner) for name, inner in value.items()} if isinstance(value, dict) else None


def test_the_settings_are_those_of_the_code() -> None:
    assert readme().between("settings") == settings_markdown(), (
        "print the table with `.venv/bin/forebay settings --markdown` and put it between the marks"
    )


def test_the_measurements_have_their_place_and_name_their_command() -> None:
    assert readme().between("bench").strip()
    assert "`make bench`" in readme().section("Speed").text


def test_the_record_shown_has_the_fields_of_a_record() -> None:
    (shown,) = [json.loads(body) for kind, body in readme().fences if kind == "json"]
    record = Record(Source("b", "k", "v", 0), Origin("b"), LINES["kept"])
    run_steps(
        [Desk(record)],
        before_dedup(FUSED[0].steps),
        small_pack(),
        observe=lambda *_: None,
        clock=lambda: 0.0,
    )
    settle(divert([record]))
    written = json.loads(render([record], small_pack().label, 0, 0)[0].splitlines()[0])
    assert written["metadata"]["outcome"] == "kept"
    assert shape_of(shown) == shape_of(written)
    assert list(shown["metadata"]) == list(written["metadata"])


def test_the_layout_shown_is_where_files_are_written() -> None:
    shown = next(body for _, body in readme().fences if "CURRENT.json" in body)
    layout = Layout("")
    run = layout.run("<run>")
    names = [
        layout.current,
        run,
        *(layout.run_json("<run>"), layout.pack("<run>"), layout.claim("<run>", 3, 42)),
    ]
    names += [layout.file("<run>", "kept", "train", 3, 42), layout.file("<run>", "crisis", "", 3, 42)]
    for name in names:
        assert name.removeprefix(run) in shown if name != run else run in shown, name
    for dataset in DATASETS:
        assert re.search(rf"^    {dataset}/", shown, re.MULTILINE), dataset
    assert all(f"split={split.value}" in shown for split in Split)


def test_every_outcome_and_dataset_has_its_word() -> None:
    words = {row[0]: row[1] for row in readme().section("Words").rows()}
    assert all(outcome in words["outcome"] for outcome in OUTCOMES)
    assert all(dataset in words["dataset"] for dataset in DATASETS)
    assert str(Settings.model_fields["chunk_records"].default) in words["chunk"]


def test_what_is_missing_is_said_in_the_words_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "java", lambda: None)
    monkeypatch.setattr(toolchain, "maven", lambda: None)
    for line in toolchain.missing(with_jars=False)[:2]:
        assert f"  - {line}\n" in readme().text
    assert toolchain.OTHER_WAY in readme().text


def test_addresses_are_those_that_are_listened_on() -> None:
    assert f"http://127.0.0.1:{Settings.model_fields['metrics_port'].default}/metrics" in readme().text
    assert f"http://127.0.0.1:{Ports().prometheus}/" in readme().text
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    for address in ("127.0.0.1:8333", "127.0.0.1:3000"):
        assert f'"{address}:' in compose
        assert f"http://{address}" in readme().text


def test_the_exit_codes_are_those_of_the_command() -> None:
    said = dict(re.findall(r"(?:: |· )(\d+) ([^·\n]+?)(?= ·|\.\n)", readme().section("Your own bucket").text))
    docstring = importlib.import_module("console.main").__doc__ or ""
    told = set(re.findall(r"(?:: |· )\n?(\d+) ", docstring.replace("·\n", "· ")))
    assert told <= set(said)


def test_the_shape_that_the_readme_adds_in_ten_lines_works(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [body for kind, body in readme().fences if kind == "python"]
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(("from", "import"))]
    assert len(lines) <= 10
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    line = b'{"entry": "The tide was late today.", "comment": "What did you do while you waited?"}'
    assert isinstance(convert(line, 32), Unreadable), "the example must be a shape that is not there yet"
    row = order._row("diary", names["diary"], "entry")
    monkeypatch.setattr("streams.steps.convert.ORDER", (row, *order.ORDER))
    found = convert(line, 32)
    assert isinstance(found, Conversation)
    assert found.shape == "diary"
    assert [m.role for m in found.messages] == [Role.USER, Role.ASSISTANT]
