"""What a rule costs is measured for each rule, the dearest first."""

from console.rules.cost import rule_costs
from tests.streams.small_pack import small_pack


def test_every_rule_that_is_scanned_for_has_its_cost() -> None:
    pack = small_pack()
    costs = rule_costs(pack)
    assert sorted(cost.rule for cost in costs) == sorted(rule.id for rule in pack.rules if not rule.hint)
    assert [cost.microseconds for cost in costs] == sorted((c.microseconds for c in costs), reverse=True)
    assert all(cost.microseconds > 0 for cost in costs)
