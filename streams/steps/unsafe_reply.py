"""Says whether a turn of the assistant encourages, instructs, validates or belittles harm."""

from streams.records import Conversation, Finding
from streams.rules.model import Kind, Pack
from streams.steps.gate import finding
from streams.steps.scan import Scan


def unsafe_reply(conversation: Conversation, scan: Scan, pack: Pack) -> Finding:
    """The unsafe-reply rules that stand and the model, with level, score and spans; level None where none speaks."""
    return finding(scan, Kind.UNSAFE_REPLY, pack)
