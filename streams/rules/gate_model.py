"""The trained models of a pack's gates: which files they are in, and at which scores they speak.

The pack's file of kind `models` has one row for each gate that has one. Scores are facts; these thresholds decide.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from streams.rules.fields import Fields
from streams.rules.model import GATES, Kind
from streams.rules.scorer import PASSAGE_BYTES, WINDOW_BYTES, BadModel, Score, Scorer, read_scorer

SUFFIX = ".npz"

_LONGER = "longer"
_ENDLESS = 1 << 62
_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class Side:
    """A second model, which is asked only about what the first one raises, and from which score on it says yes."""

    scorer: Scorer
    threshold: float

    def says_yes(self, text: bytes) -> bool:
        return self.scorer.scores(text, (WINDOW_BYTES,))[0].value >= self.threshold


@dataclass(frozen=True, slots=True)
class GateModel:
    """A gate's model: it speaks where the score (log-odds) of a text is at or above the threshold for its length.

    `thresholds` are those of texts of up to so many bytes of plain text, by `lengths`, and one more for texts of
    several windows, whose gravest is graver by chance. A sentence or two (PASSAGE_BYTES) of those are also read
    alone, and speak at `passage_threshold`.
    `scope` must agree: it tells talk of somebody's life from requests of other kinds ("how do I kill a process"),
    which the first one, asked for every quiet sign, cannot. `acute` tells the graver of what both have found.
    `rule` is the name under which it stands in a finding. `least_recall` and `most_false_alarms` are what the pack
    promises of the gate as a whole, rules and model together, on its test set: shares that `forebay rules check`
    holds against the bounds of what it measures.
    """

    rule: str
    scorer: Scorer
    lengths: tuple[int, ...]
    thresholds: tuple[float, ...]
    passage_threshold: float
    scope: Side | None
    acute: Side | None
    least_recall: float
    most_false_alarms: float

    def margin(self, text: bytes) -> tuple[float, Score]:
        """How far a text's score lies above the threshold for its length, and that score, of window or passage."""
        threshold = self.thresholds[bisect_left(self.lengths, len(text))]
        if len(text) <= WINDOW_BYTES:
            found = self.scorer.scores(text, (WINDOW_BYTES,))[0]
            return found.value - threshold, found
        window, passage = self.scorer.scores(text, (WINDOW_BYTES, PASSAGE_BYTES))
        by_window, by_passage = window.value - threshold, passage.value - self.passage_threshold
        return (by_window, window) if by_window >= by_passage else (by_passage, passage)


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
        lengths, thresholds = _thresholds(one)
        passage_threshold = one.number("passage_threshold", _LOWEST, _HIGHEST, _HIGHEST)
        scope, acute = _side(one, "scope", files), _side(one, "acute", files)
        least, most = one.number("least_recall", 0, 1), one.number("most_false_alarms", 0, 1)
        one.close()
        if scorer is not None:
            found[Kind(gate)] = GateModel(
                f"{gate}.model",
                scorer,
                lengths,
                thresholds,
                passage_threshold,
                scope,
                acute,
                least,
                most,
            )
    return found


def _thresholds(row: Fields) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Lengths in rising order and the threshold up to each, with the one for longer texts last."""
    found: dict[int, float] = {}
    for length, threshold in row.table("thresholds").items():
        is_length = length == _LONGER or (length.isdecimal() and 0 < int(length) <= WINDOW_BYTES)
        if not is_length or isinstance(threshold, bool) or not isinstance(threshold, int | float):
            row.fault(
                f"thresholds: {length} must be {_LONGER} or bytes up to {WINDOW_BYTES} in quotes, with a number"
            )
        else:
            found[_ENDLESS if length == _LONGER else int(length)] = float(threshold)
    if _ENDLESS not in found:
        row.fault(f"thresholds: {_LONGER} is missing: the threshold of texts of several windows")
    lengths = sorted(found)
    return tuple(lengths[:-1]), tuple(found[length] for length in lengths)


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
