"""What a pack fixes beside its rules: languages, floors, splits. It is part of the pack's digest."""

from dataclasses import dataclass

from streams.outcomes import Split


@dataclass(frozen=True, slots=True)
class Policy:
    """All that shapes outcomes and is no rule. Read from the pack's `policy.yaml`.

    `quality_floors` maps tier 1-6 to the least score (0-1) and holds a `default`; `split_shares` sum to 1;
    `near_bands` bands are made of which `near_agreeing` must be known for a near copy (0 bands: off).
    An empty `wanted_languages` wants every language that the gate is measured for.
    """

    gated_languages: frozenset[str]
    wanted_languages: frozenset[str]
    quality_floors: dict[str, float]
    category_floor: float
    split_salt: str
    split_shares: dict[Split, float]
    near_bands: int
    near_agreeing: int
    json_depth: int
