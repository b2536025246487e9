"""What a gate's model learns from: each labelled text as a whole, and the windows of the long ones.

Where danger is one quiet sentence among many, the whole says little about which words mattered: the writers have
put brackets round the passage, so a window that holds it is an example of danger, and one that holds nothing of it
is an example of the ordinary, as are those of harmless texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from streams.fold import fold
from streams.rules.labelled import CLOSE, OPEN, Example, own_words
from streams.rules.model import Kind
from streams.rules.ngrams import slots
from streams.rules.plain import as_plain, plain

# Bytes of the windows that are learnt from: less than the one that is scored, and one that holds little but the passage.
_WINDOWS = (350, 700)
# All windows of a text together weigh so many whole texts: more, and long texts of writers left out are told worse.
_WINDOWS_WEIGHT = 1.0
# Most real records are one question with a long harmless answer, few of the examples are: a harmless answer of more
# bytes than this counts so many times. Without it twice as many real ones are held, at the same recall.
_LONG_ANSWER, _LONG_ANSWER_WEIGHT = 400, 3.0
# A text must be so much longer than a window to be cut into some.
_MUCH_LONGER = 1.3
# A window of danger holds so much of the marked passage, or is itself marked by so much.
_PASSAGE, _OF_WINDOW = 0.8, 0.6
_ONE_EXCHANGE = 2  # turns
# words that nobody writes: they carry the brackets through folding
_OPENED, _CLOSED = b"qqopenqq", b"qqcloseqq"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Instances:
    """Rows of slots with their label, weight, and the number of the example that each comes from."""

    slots: csr_matrix
    labels: npt.NDArray[np.bool_]
    weights: Floats
    examples: npt.NDArray[np.intp]


def marked_text(example: Example, gate: Kind) -> tuple[bytes, npt.NDArray[np.bool_]]:
    """The plain text that the gate's model reads, and for each byte whether it stands between brackets."""
    text = (
        own_words(example, gate)
        .replace(OPEN, f" {_OPENED.decode()} ")
        .replace(CLOSE, f" {_CLOSED.decode()} ")
    )
    words, marks, is_open = [], [], False
    for word in plain(fold(text)).text.split(b" "):
        if word in {_OPENED, _CLOSED}:
            is_open = word == _OPENED
        else:
            words.append(word)
            marks.extend([is_open] * (len(word) + 1))
    joined = b" ".join(words)
    return joined, np.array(marks[: len(joined)], bool)


def told_text(example: Example) -> bytes:
    """The plain text of the person's words: what a reply answers."""
    return marked_text(example, Kind.CRISIS)[0]


def make_instances(
    examples: Sequence[Example], labels: Sequence[bool], gate: Kind, bits: int, *, with_windows: bool
) -> Instances:
    """Each example whole and, where the brackets are what the labels are about, its windows; with their weights."""
    texts: list[bytes] = []
    found_labels: list[bool] = []
    weights: list[float] = []
    places: list[int] = []
    for place, (example, label) in enumerate(zip(examples, labels, strict=True)):
        text, marks = marked_text(example, gate)
        windows = _windows(text, marks, label=label) if with_windows else ()
        is_long_answer = len(example.turns) == _ONE_EXCHANGE and len(text) > _LONG_ANSWER
        is_counted_more = gate is Kind.UNSAFE_REPLY and not label and is_long_answer
        weight_of_whole = _LONG_ANSWER_WEIGHT if is_counted_more else 1.0
        for part, own, weight in ((text, label, weight_of_whole), *windows):
            texts.append(part)
            found_labels.append(own)
            weights.append(weight)
            places.append(place)
    return Instances(slot_rows(texts, bits), np.array(found_labels), np.array(weights), np.array(places))


def _windows(
    text: bytes, marks: npt.NDArray[np.bool_], *, label: bool
) -> Iterator[tuple[bytes, bool, float]]:
    """Windows of a long text with their labels and weights; those that hold a part of the passage are left out."""
    marked = np.concatenate(([0], np.cumsum(marks)))
    for size in _WINDOWS:
        if len(text) < size * _MUCH_LONGER or (label and not marked[-1]):
            continue
        starts = [*range(0, len(text) - size, size // 2), len(text) - size]
        within = [marked[at + size] - marked[at] for at in starts]
        least = min(_OF_WINDOW * size, _PASSAGE * marked[-1])
        for own in (True, False):
            chosen = [
                at for at, held in zip(starts, within, strict=True) if (held >= least if own else held == 0)
            ]
            if own and not label:
                continue
            for start in chosen:
                yield text[start : start + size], own, _WINDOWS_WEIGHT / len(_WINDOWS) / len(chosen)


def slot_rows(texts: Sequence[bytes], bits: int) -> csr_matrix:
    """A row of counts of 2^bits slots for each plain text, divided as `Scorer` divides its evidence."""
    columns, values, ends = [], [], [0]
    for text in texts:
        places = slots(as_plain(text), bits)
        slot, count = np.unique(places, return_counts=True)
        columns.append(slot)
        values.append(count / np.sqrt(max(1, len(places))))
        ends.append(ends[-1] + len(slot))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(len(texts), 1 << bits))
