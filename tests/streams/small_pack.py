"""A pack of a few rules that stays as it is, so that tests of the chain do not move with the shipped rules."""

from functools import cache

import numpy as np

from streams.fold import fold
from streams.rules.model import Pack
from streams.rules.ngrams import SLOT_BITS, slots
from streams.rules.pack import read_pack
from streams.rules.plain import plain
from streams.rules.scorer import write_scorer

FILES: dict[str, bytes] = {
    "pack.yaml": b"kind: pack\nversion: 2026.1.1\nchangelog: [for tests]\n",
    "policy.yaml": b"""kind: policy
gated_languages: [en]
wanted_languages: []
quality_floors: {"1": 0.6, "6": 0.0, default: 0.6}
category_floor: 0.5
tag_floor: 0.5
split_salt: tests
split_shares: {train: 0.7, val: 0.15, test: 0.15}
near_bands: 8
near_agreeing: 2
json_depth: 32
""",
    "crisis.yaml": b"""kind: crisis
rules:
  - {id: crisis.die, why: says it, pattern: "want to die", level: acute, match: [I want to die]}
  - {id: crisis.hopeless, why: says it, pattern: "no point in living", level: elevated, match: [no point in living]}
""",
    "unsafe.yaml": b"""kind: unsafe_reply
rules:
  - {id: unsafe.agree, why: agrees, pattern: "better off without you", level: acute, match: [better off without you]}
""",
    "pii.yaml": b"""kind: pii
rules:
  - {id: pii.email, why: an address, pattern: "[a-z0-9.]{1,40}@[a-z0-9.]{1,40}", type: email, match: [a@b.example]}
  - {id: pii.announced, why: says that data follows, pattern: "my number is", type: review, match: [my number is]}
""",
    "ears.yaml": b"""kind: ears
rules:
  - {id: ears.valid, why: acknowledges, pattern: "makes sense", act: acknowledge, match: [that makes sense]}
""",
    "categories.yaml": b"""kind: categories
rules:
  - {id: categories.therapy, why: a session, pattern: "homework", category: therapy, weight: 0.8, match: [homework]}
""",
    "tags.yaml": b"""kind: tags
rules:
  - {id: tags.bias, why: unfair, pattern: "because of my accent", tag: bias, group: migration, weight: 0.9, match: [because of my accent]}
""",
}  # fmt: skip

MODELS = b"""kind: models
models:
  - {gate: crisis, file: crisis.npz, thresholds: {longer: 1.0}, passage_bytes: 500, passage_thresholds: {longer: 1.0}, acute_file: acute.npz, acute_threshold: 1.0, least_recall: 0.95, most_false_alarms: 0.4}
  - {gate: unsafe_reply, file: crisis.npz, thresholds: {longer: 1.0}, passage_bytes: 500, passage_thresholds: {longer: 1.0}, least_recall: 0.9, most_false_alarms: 0.05}
"""


def model(*words: str) -> bytes:
    """A gate's model that knows these words and nothing else."""
    weights = np.zeros(1 << SLOT_BITS)
    for word in words:
        weights[slots(plain(fold(word)), SLOT_BITS)] = 30.0
    return write_scorer(weights, -1.0, "of a test")


# The same pack with models beside the rules of its gates.
MODEL_FILES = {
    **FILES,
    "models.yaml": MODELS,
    "crisis.npz": model("quixotry", "jukebox"),
    "acute.npz": model("jukebox"),
}


@cache
def small_pack() -> Pack:
    return read_pack(FILES)
