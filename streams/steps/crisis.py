"""Says whether the help-seeker's own words show current risk of serious harm."""

from streams.records import Conversation, Finding
from streams.rules.model import Kind, Pack
from streams.steps.gate import finding
from streams.steps.scan import Scan


def crisis(conversation: Conversation, scan: Scan, pack: Pack) -> Finding:
    """The crisis rules that stand and the model, with level, score and spans; level None where none speaks."""
    return finding(scan, Kind.CRISIS, pack)
