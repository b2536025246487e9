"""The check of expressions finds what it is there to find."""

import promql_parser
import pytest

from tests.grafana.promql import SERIES, TARGET_LABELS, WrongLabel, labels_of, selectors

LAG = "forebay_lag_messages"


@pytest.mark.parametrize(
    "wrong",
    [
        "forebay_nothing_total",
        'forebay_lag_messages{topic="raw"}',
        "sum by (topic) (forebay_lag_messages)",
        "rate(forebay_claims[5m])",
        "histogram_quantile(0.5, sum by (process) (rate(forebay_redis_seconds_bucket[5m])))",
        "sum by (agent) (sum by (partition) (forebay_lag_messages))",
        "sum by (agent) (forebay_lag_messages) / sum(forebay_open_gaps)",
        "sum by (agent) (forebay_lag_messages) / on(step) sum by (step) (forebay_step_errors_total)",
        "sum(forebay_step_seconds_sum)",
    ],
)
def test_a_metric_or_label_that_does_not_exist_is_refused(wrong: str) -> None:
    with pytest.raises(WrongLabel):
        labels_of(promql_parser.parse(wrong))


@pytest.mark.parametrize(
    ("right", "labels"),
    [
        (f"sum by (agent) ({LAG})", {"agent"}),
        (f"sum({LAG})", set()),
        (f"max without (partition, job, instance) ({LAG})", {"agent", "process"}),
        (f'sum by (agent) ({LAG}) or on() label_replace(0 * sum({LAG}), "agent", "none", "", "")', {"agent"}),
        (f"sum by (agent) ({LAG}) or sum({LAG})", set()),
        (f"sum by (agent) ({LAG}) / on() group_left() sum(forebay_open_gaps)", {"agent"}),
        (f"deriv((sum by (agent) ({LAG}))[5m:30s]) > 0", {"agent"}),
        (f"sum by (agent) ({LAG}) and on() sum(forebay_open_gaps) > 0", {"agent"}),
        ("histogram_quantile(0.5, sum by (le) (rate(forebay_redis_seconds_bucket[5m])))", set()),
    ],
)
def test_the_labels_of_a_result_are_those_that_prometheus_gives(right: str, labels: set[str]) -> None:
    assert labels_of(promql_parser.parse(right)) == frozenset(labels)


def test_selectors_are_found_inside_ranges_and_functions() -> None:
    expr = promql_parser.parse("sum(rate(forebay_sweeps_total[5m])) / sum(forebay_open_gaps)")
    assert {selector.name for selector in selectors(expr)} == {"forebay_sweeps_total", "forebay_open_gaps"}


def test_no_label_of_a_target_hides_a_label_of_a_metric() -> None:
    # Prometheus would rename the metric's own label to exported_…, and every query by it would go wrong
    assert not [name for name, series in SERIES.items() if series.labels & TARGET_LABELS]
