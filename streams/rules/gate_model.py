"""The trained models of a pack's gates: which files they are in, and at which scores they speak.

The pack's file of kind `models` has one row for each gate that has one. Scores are facts; these thresholds decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.rules.fields import Fields
from streams.rules.model import GATES, Kind
from streams.rules.scorer import WINDOW_BYTES, BadModel, Score, Scorer, read_scorer

SUFFIX = ".npz"

_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class Side:
    """A second model, which is asked only about what the first one raises, and from which score on it says yes."""

    scorer: Scorer
    threshold: float

    def says_yes(self, text: bytes) -> bool:
        return self.scorer.score(text).value >= self.threshold


@dataclass(frozen=True, slots=True)
class GateModel:
    """A gate's model: it speaks at `threshold` (log-odds) and above, at `long_threshold` where a text has more than
    one window: the gravest of many is graver by chance.

    `scope` must agree: it tells talk of somebody's life from requests of other kinds ("how do I kill a process"),
    which the first one, asked for every quiet sign, cannot. `acute` tells the graver of what both have found.
    `rule` is the name under which it stands in a finding. `least_recall` and `most_false_alarms` are what the pack
    promises of the gate as a whole, rules and model together, on its test set: shares that `forebay rules check`
    holds against the bounds of what it measures.
    """

    rule: str
    scorer: Scorer
    threshold: float
    long_threshold: float
    scope: Side | None
    acute: Side | None
    least_recall: float
    most_false_alarms: float

    def margin(self, text: bytes) -> tuple[float, Score]:
        """How far the score of a plain text lies above its threshold, and the score."""
        found = self.scorer.score(text)
        return found.value - (self.threshold if len(text) <= WINDOW_BYTES else self.long_threshold), found


def read_models(fields: Fields, files: Mapping[str, bytes], faults: list[str]) -> dict[Kind, GateModel]:
    """The models by gate. What is wrong, a missing or unfit file too, becomes a fault."""
    found: dict[Kind, GateModel] = {}
    for number, row in enumerate(fields.rows("models"), 1):
        one = Fields(row, f"{fields.place}: model {number}", faults)
        gate = one.text("gate", among=sorted(GATES))
        if not gate:
            continue
        one.place = f"{fields.place}: {gate}"
        if gate in found:
            one.fault("a second model of one gate")
        scorer = _scorer(one, one.text("file"), files)
        threshold = one.number("threshold", _LOWEST, _HIGHEST)
        long_threshold = one.number("long_threshold", _LOWEST, _HIGHEST, threshold)
        scope, acute = _side(one, "scope", files), _side(one, "acute", files)
        least, most = one.number("least_recall", 0, 1), one.number("most_false_alarms", 0, 1)
        one.close()
        if scorer is not None:
            found[Kind(gate)] = GateModel(
                f"{gate}.model", scorer, threshold, long_threshold, scope, acute, least, most
            )
    return found


def _side(row: Fields, name: str, files: Mapping[str, bytes]) -> Side | None:
    file = row.text(f"{name}_file", "")
    threshold = row.number(f"{name}_threshold", _LOWEST, _HIGHEST, None if file else 0)
    scorer = _scorer(row, file, files) if file else None
    return None if scorer is None else Side(scorer, threshold)


def _scorer(row: Fields, name: str, files: Mapping[str, bytes]) -> Scorer | None:
    if name and name not in files:
        row.fault(f"{name} is missing: `forebay rules train` makes it")
    elif name:
        try:
            return read_scorer(files[name])
        except BadModel as error:
            row.fault(f"{name}: {error}")
    return None
