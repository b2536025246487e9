"""The trained models of a pack's gates: which files they are in, and at which scores they speak.

The pack's file of kind `models` has one row for each gate that has one. Scores are facts; these thresholds decide.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from streams.rules.fields import Fields
from streams.rules.model import GATES, Kind
from streams.rules.plain import Plain
from streams.rules.scorer import WINDOW_BYTES, BadModel, Score, Scorer, read_scorer

_LONGER = "longer"
_ENDLESS = 1 << 62
_LEAST_PASSAGE = 50  # bytes: some ten words
_LOWEST, _HIGHEST = -50.0, 50.0  # log-odds beyond which nothing is told apart


@dataclass(frozen=True, slots=True)
class ByLength:
    """Thresholds of texts of up to so many bytes of plain text, by `lengths`, and one more for all longer ones."""

    lengths: tuple[int, ...]
    thresholds: tuple[float, ...]

    def of(self, size: int) -> float:
        return self.thresholds[bisect_left(self.lengths, size)]


@dataclass(frozen=True, slots=True)
class Side:
    """A model with one threshold, and from which score (log-odds) on it says yes.

    Beside a gate's model it is asked only about what that one raises.
    """

    scorer: Scorer
    threshold: float

    def says_yes(self, text: Plain) -> bool:
        return self.scorer.score(text).value >= self.threshold


@dataclass(frozen=True, slots=True)
class GateModel:
    """A gate's model: it speaks where the score (log-odds) of a text is at or above the threshold for its length.

    `thresholds` are those of what is said in all of a text and in its gravest parts (`Reading.value`): the more parts a
    text has, the graver one of them is by chance. The passages (`passage_bytes`) of a text that is longer than two of
    them are also judged alone, at `passage_thresholds`: one sentence among many shows in nothing larger.
    `scope` must agree where a text is less than `scope_below` above its threshold: it tells talk of somebody's life
    from requests of other kinds ("how do I kill a process"), which the first one, asked for every quiet sign, cannot.
    `acute` tells the graver of what both have found. `beside` adds what the other side's words say, all of them: what
    harms as an answer depends on what was told.
    `rule` is the name under which it stands in a finding. `least_recall` and `most_false_alarms` are what the pack
    promises of the gate as a whole, rules and model together, on its test set: shares that `forebay rules check`
    holds against the bounds of what it measures.
    """

    rule: str
    scorer: Scorer
    thresholds: ByLength
    passage_bytes: int
    passage_thresholds: ByLength
    scope: Side | None
    scope_below: float
    acute: Side | None
    beside: Scorer | None
    least_recall: float
    most_false_alarms: float

    def margin(self, text: Plain, other: Plain | None) -> tuple[float, Score]:
        """How far a text's score lies above the threshold for its length, and the window or passage to show for it.

        `other` is what the other side says, where it is known.
        """
        added = 0.0 if self.beside is None or other is None else self.beside.whole(other)
        size = len(text.text)
        read = self.scorer.read(text, self.passage_bytes)
        by_text = added + read.value - self.thresholds.of(size)
        by_passage = added + read.passage.value - self.passage_thresholds.of(size)
        if size <= 2 * self.passage_bytes or by_text >= by_passage:
            return by_text, read.window
        return by_passage, read.passage

    def speaks(self, text: Plain, margin: float) -> bool:
        """Whether a text with this margin is what the gate must find."""
        if margin < 0:
            return False
        return self.scope is None or margin >= self.scope_below or self.scope.says_yes(text)


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
        passage_bytes = int(one.number("passage_bytes", _LEAST_PASSAGE, WINDOW_BYTES // 2))
        thresholds, of_passages = _by_length(one, "thresholds"), _by_length(one, "passage_thresholds")
        scope, acute = _side(one, "scope", files), _side(one, "acute", files)
        beside_file = one.text("beside_file", "")
        beside = _scorer(one, beside_file, files) if beside_file else None
        scope_below = one.number("scope_below", 0, _HIGHEST, inf)
        least, most = one.number("least_recall", 0, 1), one.number("most_false_alarms", 0, 1)
        one.close()
        if scorer is not None:
            found[Kind(gate)] = GateModel(
                f"{gate}.model",
                scorer,
                thresholds,
                passage_bytes,
                of_passages,
                scope,
                scope_below,
                acute,
                beside,
                least,
                most,
            )
    return found


def _by_length(row: Fields, name: str) -> ByLength:
    found: dict[int, float] = {}
    for length, threshold in row.table(name).items():
        is_length = length == _LONGER or (length.isdecimal() and 0 < int(length) < _ENDLESS)
        if not is_length or isinstance(threshold, bool) or not isinstance(threshold, int | float):
            row.fault(f"{name}: {length} must be {_LONGER} or bytes in quotes, with a number")
        else:
            found[_ENDLESS if length == _LONGER else int(length)] = float(threshold)
    if _ENDLESS not in found:
        row.fault(f"{name}: {_LONGER} is missing: the threshold of longer texts than any named")
    lengths = sorted(found)
    return ByLength(tuple(lengths[:-1]), tuple(found[length] for length in lengths))


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
