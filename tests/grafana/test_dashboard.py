"""The dashboard on disk is the generated one, can be read, and asks only for what the processes serve."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import units

from grafana import dashboards
from grafana.panels import COLUMNS, HEALTH, TOP, WINDOW, Panel
from tests.grafana.promql import METRICS, SERIES, labels_of, selectors

ROOT = Path(__file__).parents[2]
BOARD: dict[str, Any] = json.loads(dashboards.TARGET.read_text(encoding="utf-8"))
ROWS: tuple[Panel, ...] = (*TOP, *(panel for _, _, panels in COLUMNS for panel in panels), *HEALTH)
DRAWN = [panel for panel in BOARD["panels"] if panel["type"] != "text"]
UNITS = {value for value in vars(units).values() if isinstance(value, str)}


def test_the_file_on_disk_is_what_the_script_makes() -> None:
    assert dashboards.TARGET.read_text(encoding="utf-8") == dashboards.render()


def test_check_says_whether_the_file_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dashboards.py", "--check"])
    assert dashboards.main() == 0
    stale = tmp_path / "forebay.json"
    stale.write_text(dashboards.render().replace("Law check", "Law"), encoding="utf-8")
    monkeypatch.setattr(dashboards, "TARGET", stale)
    assert dashboards.main() == 1
    monkeypatch.setattr(dashboards, "TARGET", tmp_path / "missing.json")
    assert dashboards.main() == 1


def test_the_script_runs_as_the_readme_names_it() -> None:
    run = subprocess.run(
        [sys.executable, "grafana/dashboards.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_dashboard_survives_a_round_trip_through_the_sdk() -> None:
    register_default_plugins()
    again = json.loads(json.dumps(model.Dashboard.from_json(BOARD), cls=JSONEncoder))
    assert again == BOARD


def test_ids_are_unique_and_titles_too() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids) == len(ROWS) + len(COLUMNS)
    titles = [panel["title"] for panel in DRAWN]
    assert len(set(titles)) == len(titles)


def test_no_panel_lies_over_another_or_outside_the_grid() -> None:
    boxes = [(panel["title"], panel["gridPos"]) for panel in BOARD["panels"]]
    for (_, one), (title, two) in combinations(boxes, 2):
        apart = (
            one["x"] + one["w"] <= two["x"]
            or two["x"] + two["w"] <= one["x"]
            or one["y"] + one["h"] <= two["y"]
            or two["y"] + two["h"] <= one["y"]
        )
        assert apart, title
    assert all(box["x"] >= 0 and box["x"] + box["w"] <= dashboards.GRID_WIDTH for _, box in boxes)


def test_the_flow_runs_from_left_to_right() -> None:
    x_of = {panel["title"]: panel["gridPos"]["x"] for panel in DRAWN}
    columns = [{x_of[panel.title] for panel in panels} for _, _, panels in COLUMNS]
    assert columns == [{0}, {8}, {16}]


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel["title"])
def test_every_panel_has_a_unit_a_description_and_the_chosen_source(panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert len(panel["description"]) > 20
    for asked in (panel, *panel["targets"]):
        assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    refs = [target["refId"] for target in panel["targets"]]
    assert len(set(refs)) == len(refs) > 0


def test_the_source_can_be_chosen() -> None:
    (variable,) = BOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource", "datasource", "prometheus",
    )  # fmt: skip


@pytest.mark.parametrize(("title", "expr"), dashboards.expressions(), ids=lambda value: value[:40])
def test_every_expression_reads_metrics_that_exist_by_labels_they_have(title: str, expr: str) -> None:
    assert "$" not in expr
    parsed = promql_parser.parse(expr)
    labels_of(parsed)
    assert list(selectors(parsed)), title


@pytest.mark.parametrize("panel", ROWS, ids=lambda panel: panel.title)
def test_legends_name_labels_that_the_result_carries(panel: Panel) -> None:
    for query in panel.queries:
        carried = labels_of(promql_parser.parse(query.expr.replace(WINDOW, "1m"))) or frozenset()
        named = set(re.findall(r"\{\{(\w+)\}\}", query.legend))
        # `or_none` names one label; a second one may be missing on its zero and is then empty
        optional = {"reason"} if query.legend == "{{outcome}}: {{reason}}" else set()
        assert named - optional <= carried, query.legend
        assert named or query.legend
        assert "{{" in query.legend or not carried, f"{query.legend}: several series, one name"


def test_legends_of_one_panel_differ() -> None:
    for panel in ROWS:
        legends = [query.legend for query in panel.queries]
        assert len(set(legends)) == len(legends), panel.title


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_has_a_panel(metric: str) -> None:
    shown = {
        SERIES[str(selector.name)].metric
        for _, expr in dashboards.expressions()
        for selector in selectors(promql_parser.parse(expr))
    }
    assert metric in shown, "add a row to grafana/panels.py and run `python grafana/dashboards.py`"


def test_a_rate_is_only_asked_of_counters() -> None:
    for title, expr in dashboards.expressions():
        for name in re.findall(r"rate\((\w+)", expr):
            assert name.endswith(("_total", "_bucket", "_count", "_sum")), title
