"""Says which of the four acts of a good supporter the assistant's turns show."""

from streams.records import Conversation, EarsFacts
from streams.rules.model import Kind, Pack
from streams.rules.weighing import speaking
from streams.steps.scan import Scan


def ears(conversation: Conversation, scan: Scan, pack: Pack) -> EarsFacts:
    """Empathize, acknowledge, reflect, support; the score is the share of the four that is shown."""
    rules = speaking(scan, Kind.EARS)
    acts = {rule.name for rule in rules}
    return EarsFacts(
        empathize="empathize" in acts,
        acknowledge="acknowledge" in acts,
        reflect="reflect" in acts,
        support="support" in acts,
        score=len(acts) / 4,
        rules=tuple(rule.id for rule in rules),
    )
