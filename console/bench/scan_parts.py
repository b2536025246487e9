"""What the scan of a record is made of: each part timed alone, as the row of all steps does not tell."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from console.bench.steps import StepCost, step_costs
from streams.records import Conversation
from streams.rules.model import Pack
from streams.steps.convert import convert
from streams.steps.scan import fold_sides, scan

_T = TypeVar("_T")

# The least of so many passes is taken: what else a machine does only ever adds.
_PASSES = 5
# About as many as a chunk has: the loop keeps that many scans at once, and to keep more would time the memory's growth.
_KEPT = 60


def scan_parts(lines: Sequence[bytes], pack: Pack) -> list[StepCost]:
    """Folding, looking up words that may be names, and the rules' passes with what becomes of their matches.

    The last is what the whole takes beside the others. Lines that are no conversation are left out.
    """
    found = [convert(line, pack.policy.json_depth) for line in lines]
    conversations = [each for each in found if isinstance(each, Conversation)]
    cased = [fold_sides(conversation).cased for conversation in conversations]
    whole = _seconds(conversations, lambda conversation: scan(conversation, pack))
    folding = _seconds(conversations, fold_sides)
    names = _seconds(cased, pack.name_lists.ends)
    return step_costs(
        {"folding": folding, "words that may be names": names, "rules": whole - folding - names},
        len(conversations),
    )


def _seconds(over: Sequence[_T], work: Callable[[_T], object]) -> float:
    """Processor time of the quickest pass over them all."""
    passes = []
    for _ in range(_PASSES):
        began = time.process_time()
        for first in range(0, len(over), _KEPT):
            [work(one) for one in over[first : first + _KEPT]]
        passes.append(time.process_time() - began)
    return min(passes)
