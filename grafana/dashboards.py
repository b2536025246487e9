"""Makes dashboards/forebay.json from panels.py; `--check` fails when the file on disk differs."""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphGradientMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.text import TextMode

from grafana.panels import COLUMNS, HEALTH, TOP, WINDOW, Panel, Query

TARGET = Path(__file__).parent / "dashboards" / "forebay.json"

# Grafana's grid is 24 wide; heights are rows of 30 pixels.
GRID_WIDTH = 24
STAT_HEIGHT = 4
HEADING_HEIGHT = 2
PANEL_HEIGHT = 7

_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_PLAIN, _GOOD, _BAD = "text", "green", "red"


def _targets(queries: tuple[Query, ...], *, instant: bool) -> list[Builder[Dataquery]]:
    built: list[Builder[Dataquery]] = []
    for position, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend)
        target = target.ref_id(chr(ord("A") + position)).datasource(_SOURCE)
        built.append(target.instant() if instant else target.range())
    return built


def _stat(panel: Panel) -> stat.Panel:
    colours = [model.Threshold(value=None, color=_PLAIN if panel.red_from is None else _GOOD)]
    if panel.red_from is not None:
        colours.append(model.Threshold(value=panel.red_from, color=_BAD))
    built = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .targets(_targets(panel.queries, instant=True))
        .no_value("no data")  # a missing figure must not look like a good one
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(colours))
    )
    return built if panel.decimals is None else built.decimals(panel.decimals)


def _lines(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .targets(_targets(panel.queries, instant=False))
        .min(0)
        .line_width(1)
        .show_points(VisibilityMode.NEVER)
        .gradient_mode(GraphGradientMode.NONE)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if panel.kind == "stack":
        return built.fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return built.fill_opacity(5)


def _heading(title: str, description: str) -> text.Panel:
    heading = text.Panel().title("").description(description).transparent(True)
    return heading.mode(TextMode.MARKDOWN).content(f"### {title}\n{description}")


def build() -> model.Dashboard:
    """The dashboard: stats on top, the flow in three columns, health below."""
    board = (
        dashboard.Dashboard("Forebay")
        .uid("forebay")
        .description(
            "From S3 drops to a screened, de-duplicated, split dataset: the flow from left to right."
        )
        .tags(["forebay"])
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Prometheus")
            .description("The Prometheus that scrapes Forebay's processes.")
            .type("prometheus")
        )
    )
    ids = iter(range(1, 1000))

    def place(
        panel: stat.Panel | timeseries.Panel | text.Panel, x: int, y: int, width: int, height: int
    ) -> None:
        board.with_panel(panel.id(next(ids)).grid_pos(model.GridPos(x=x, y=y, w=width, h=height)))

    width = GRID_WIDTH // len(TOP)
    for position, panel in enumerate(TOP):
        place(_stat(panel), position * width, 0, width, STAT_HEIGHT)
    width = GRID_WIDTH // len(COLUMNS)
    top = STAT_HEIGHT + HEADING_HEIGHT
    for position, (title, description, panels) in enumerate(COLUMNS):
        place(_heading(title, description), position * width, STAT_HEIGHT, width, HEADING_HEIGHT)
        for depth, panel in enumerate(panels):
            place(_lines(panel), position * width, top + depth * PANEL_HEIGHT, width, PANEL_HEIGHT)
    top += PANEL_HEIGHT * max(len(panels) for _, _, panels in COLUMNS)
    width = GRID_WIDTH // len(HEALTH)
    for position, panel in enumerate(HEALTH):
        place(_lines(panel), position * width, top, width, PANEL_HEIGHT)
    return board.build()


def render() -> str:
    """The dashboard as Grafana's JSON, keys sorted, so that a change shows as a small diff."""
    return json.dumps(build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def expressions(window: str = "1m") -> list[tuple[str, str]]:
    """(panel title, PromQL) of every query, runnable as it stands: Grafana's window is filled in."""
    flow = [panel for _, _, panels in COLUMNS for panel in panels]
    return [
        (panel.title, query.expr.replace(WINDOW, window))
        for panel in (*TOP, *flow, *HEALTH)
        for query in panel.queries
    ]


def main() -> int:
    """Writes the file, or with --check compares it; 1 when it differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="compare with the file on disk, write nothing")
    wanted = render()
    if options.parse_args().check:
        found = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if found != wanted:
            print(f"{TARGET.name} is not what dashboards.py makes: run `python grafana/dashboards.py`")
            return 1
        return 0
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(wanted, encoding="utf-8")
    print(f"wrote {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
