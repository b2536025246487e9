"""What a pack fixes beside its rules: languages, floors, splits. It is part of the pack's digest."""

from dataclasses import dataclass

from streams.outcomes import Split
from streams.rules.fields import Fields

TIERS = ("1", "2", "3", "4", "5", "6", "default")


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
    tag_floor: float = 0.5


def _shares(fields: Fields) -> dict[Split, float]:
    faults: list[str] = []
    table = Fields(fields.table("split_shares"), f"{fields.place}: split_shares", faults)
    shares = {split: table.number(split.value, 0, 1) for split in Split}
    table.close()
    if not faults and abs(sum(shares.values()) - 1) > 1e-9:
        table.fault("must sum to 1")
    for fault in faults:
        fields.fault(fault.removeprefix(f"{fields.place}: "))
    return shares


def _floors(fields: Fields) -> dict[str, float]:
    floors: dict[str, float] = {}
    for tier, floor in fields.table("quality_floors").items():
        if (
            tier not in TIERS
            or isinstance(floor, bool)
            or not isinstance(floor, int | float)
            or not 0 <= floor <= 1
        ):
            fields.fault(
                f"quality_floors: {tier} must be one of {', '.join(TIERS)} with a number from 0 to 1"
            )
        else:
            floors[tier] = float(floor)
    if "default" not in floors:
        fields.fault("quality_floors: default is missing")
    return floors


def read_policy(fields: Fields) -> Policy:
    """The policy in a file's fields. What is wrong becomes a fault of the fields."""
    policy = Policy(
        gated_languages=frozenset(fields.texts("gated_languages", needed=True)),
        wanted_languages=frozenset(fields.texts("wanted_languages")),
        quality_floors=_floors(fields),
        category_floor=fields.number("category_floor", 0, 1),
        split_salt=fields.text("split_salt"),
        split_shares=_shares(fields),
        near_bands=int(fields.number("near_bands", 0, 64)),
        near_agreeing=int(fields.number("near_agreeing", 0, 64)),
        json_depth=int(fields.number("json_depth", 1, 1000)),
        tag_floor=fields.number("tag_floor", 0, 1, 0.5),
    )
    if policy.near_bands and not 1 <= policy.near_agreeing <= policy.near_bands:
        fields.fault("near_agreeing must be from 1 to near_bands")
    return policy
