"""The alerts parse, read what exists, and fire when they must: each has a case for and a case against."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.grafana.promql import labels_of

GRAFANA = Path(__file__).parents[2] / "grafana"
RULES = GRAFANA / "alerts" / "forebay.rules.yml"
CASES = GRAFANA / "alerts" / "forebay.tests.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]


def _promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    return subprocess.run([program, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_reads_metrics_that_exist_and_says_what_to_do(alert: dict[str, Any]) -> None:
    labels = labels_of(promql_parser.parse(alert["expr"])) or frozenset()
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(alert["annotations"]) == {"summary", "description", "action"}
    for name in ("instance", "server", "child", "agent"):
        if f"$labels.{name}" in alert["annotations"]["summary"]:
            assert name in labels


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_must_not() -> None:
    fires: dict[bool, set[str]] = {True: set(), False: set()}
    for case in yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]:
        for expected in case["alert_rule_test"]:
            fires[bool(expected["exp_alerts"])].add(expected["alertname"])
    names = {alert["alert"] for alert in ALERTS}
    assert fires == {True: names, False: names}


def test_promtool_accepts_the_rules() -> None:
    run = _promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_rules_behave_as_their_cases_say() -> None:
    run = _promtool("test", "rules", str(CASES))
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_rule_that_was_turned_round_fails_its_cases(tmp_path: Path) -> None:
    turned = RULES.read_text(encoding="utf-8").replace("(forebay_open_gaps) > 0", "(forebay_open_gaps) > 5")
    (tmp_path / RULES.name).write_text(turned, encoding="utf-8")
    (tmp_path / CASES.name).write_text(CASES.read_text(encoding="utf-8"), encoding="utf-8")
    assert _promtool("test", "rules", str(tmp_path / CASES.name)).returncode != 0


def test_promtool_accepts_the_configuration_of_prometheus(tmp_path: Path) -> None:
    text = (GRAFANA / "prometheus.yml").read_text(encoding="utf-8")
    here = tmp_path / "prometheus.yml"
    targets = tmp_path / "targets"
    targets.mkdir()
    (targets / "one.json").write_text('[{"targets": ["127.0.0.1:9310"], "labels": {"process": "ingest"}}]')
    text = text.replace("/etc/forebay/targets", str(targets))
    here.write_text(text.replace("/etc/prometheus/alerts", str(GRAFANA / "alerts")), encoding="utf-8")
    run = _promtool("check", "config", str(here))
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(ALERTS)} rules found" in run.stdout


def test_the_names_in_the_configuration_are_those_of_the_rules_and_of_compose() -> None:
    config = yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))
    (scrape,) = config["scrape_configs"]
    compose = yaml.safe_load((GRAFANA.parent / "docker-compose.yml").read_text(encoding="utf-8"))
    assert scrape["job_name"] == "forebay"  # the alerts ask for up{job="forebay"}
    (names,) = scrape["dns_sd_configs"]
    assert set(names["names"]) <= set(compose["services"])
    port = compose["services"]["ingest"]["environment"]["FOREBAY_METRICS_PORT"]
    assert names["port"] == int(port)


def test_grafana_is_given_its_source_and_its_dashboards() -> None:
    folder = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))[
        "datasources"
    ]
    config = yaml.safe_load((GRAFANA / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "forebay.yml").read_text(encoding="utf-8"))[
        "providers"
    ]
    compose = yaml.safe_load((GRAFANA.parent / "docker-compose.yml").read_text(encoding="utf-8"))
    mounts = compose["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts
