"""The map: which agent reads which topic, which steps it chains, and where it writes."""

from dataclasses import dataclass
from typing import Literal

Preset = Literal["fused", "staged"]


@dataclass(frozen=True, slots=True)
class Agent:
    """One row: an agent of this name reads `reads`, runs `steps` in order, writes `writes`."""

    name: str
    reads: str
    steps: tuple[str, ...]
    writes: str


# Facts first, then one decision. `scan` looks for every rule of the pack at once; the steps after it read what it found.
FUSED: tuple[Agent, ...] = (
    Agent(
        "refine",
        "raw",
        (
            "convert", "scan", "pii", "crisis", "unsafe_reply", "language", "quality",
            "ears", "categories", "tags", "fingerprints", "group", "dedup", "decide",
        ),
        "decided",
    ),
)  # fmt: skip

# The same steps in the same order. Dedup comes last: a record that a later step held must not have
# claimed its fingerprint. `scan` is done again where it is needed: it is cheaper than carrying it.
STAGED: tuple[Agent, ...] = (
    Agent("convert", "raw", ("convert",), "converted"),
    Agent(
        "crisis_gate", "converted", ("scan", "pii", "crisis", "unsafe_reply", "language", "quality"), "gated"
    ),
    Agent("categorise", "gated", ("scan", "ears", "categories", "tags"), "categorised"),
    Agent("dedup", "categorised", ("fingerprints", "group", "dedup", "decide"), "decided"),
)

PRESETS: dict[Preset, tuple[Agent, ...]] = {"fused": FUSED, "staged": STAGED}

# The last agent of both presets: it cuts decided chunks into files and runs no step.
SINK = Agent("sink", "decided", (), "s3")
