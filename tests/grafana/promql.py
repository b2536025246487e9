"""Which metrics a PromQL expression reads, and which labels its result can carry."""

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql
from prometheus_client.metrics import MetricWrapperBase

from clients import metrics

# What Prometheus adds to every series of a target, and what the target files add.
TARGET_LABELS = frozenset({"job", "instance", "process"})
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


@dataclass(frozen=True, slots=True)
class Series:
    """A family of series as Prometheus stores it: the metric it belongs to and its own labels."""

    metric: str
    labels: frozenset[str]


def _known() -> dict[str, Series]:
    found = {"up": Series("up", frozenset())}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            for suffix in _SUFFIXES[family.type]:
                own = {*metric._labelnames, *(("le",) if suffix == "_bucket" else ())}
                found[family.name + suffix] = Series(family.name, frozenset(own))
    return found


SERIES = _known()
METRICS = {series.metric for series in SERIES.values()} - {"up"}


class WrongLabel(Exception):
    """An expression names a metric or a label that does not exist there."""


def selectors(expr: promql.Expr) -> Iterator[promql.VectorSelector]:
    """Every selector in the expression, inside ranges too."""
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(expr, pre_visit=visit)
    # a later version may walk into a range by itself: name each once
    yield from {str(selector): selector for selector in found}.values()


def labels_of(expr: promql.Expr) -> frozenset[str] | None:
    """Labels that every series of the result has; None for a scalar. Raises WrongLabel."""
    match expr:
        case promql.NumberLiteral() | promql.StringLiteral():
            return None
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return labels_of(expr.expr)
        case promql.MatrixSelector():
            return labels_of(expr.vector_selector)
        case promql.VectorSelector():
            return _of_selector(expr)
        case promql.AggregateExpr():
            return _of_aggregate(expr)
        case promql.Call():
            return _of_call(expr)
        case promql.BinaryExpr():
            return _of_binary(expr)
    raise NotImplementedError(type(expr).__name__)


def _of_selector(expr: promql.VectorSelector) -> frozenset[str]:
    if expr.name not in SERIES:
        raise WrongLabel(f"no metric gives {expr.name}")
    labels = SERIES[expr.name].labels | TARGET_LABELS
    for matcher in expr.matchers.matchers:
        if matcher.name not in labels:
            raise WrongLabel(f"{expr.name} has no label {matcher.name}")
    return labels


def _of_aggregate(expr: promql.AggregateExpr) -> frozenset[str]:
    inner = labels_of(expr.expr) or frozenset()
    if expr.modifier is None:
        return frozenset()
    named = frozenset(expr.modifier.labels)
    if not named <= inner:
        raise WrongLabel(f"{expr.prettify()}: no label {sorted(named - inner)}")
    return named if expr.modifier.type == promql.AggModifierType.By else inner - named


def _of_call(expr: promql.Call) -> frozenset[str] | None:
    if expr.func.name == "absent":
        return frozenset()
    vectors = [labels for argument in expr.args if (labels := labels_of(argument)) is not None]
    if not vectors:
        return None
    if expr.func.name == "label_replace":
        return vectors[0] | {expr.args[1].val}
    if expr.func.name == "histogram_quantile":
        if "le" not in vectors[0]:
            raise WrongLabel(f"{expr.prettify()}: a quantile needs the label le")
        return vectors[0] - {"le"}
    return vectors[0]


def _of_binary(expr: promql.BinaryExpr) -> frozenset[str] | None:
    left, right = labels_of(expr.lhs), labels_of(expr.rhs)
    if left is None or right is None:
        return left if right is None else right
    matching = expr.modifier.matching if expr.modifier is not None else None
    if matching is not None and not frozenset(matching.labels) <= left & right:
        raise WrongLabel(f"{expr.prettify()}: matched on a label that one side lacks")
    operator = str(expr.op)
    if operator == "or":
        return left & right
    if operator in ("and", "unless"):
        return left
    if matching is not None:
        # group_left keeps the labels of the left side
        assert expr.modifier is not None
        grouped = expr.modifier.card == promql.VectorMatchCardinality.ManyToOne
        return left if grouped else frozenset(matching.labels)
    if left != right:
        raise WrongLabel(f"{expr.prettify()}: the sides have different labels, so nothing matches")
    return left
