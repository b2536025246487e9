"""clinical: a case, and what was found, done and reached."""

from typing import Any

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.content import joined_text_of
from streams.shapes.dialogue import dialogue

_FINDINGS = ("diagnosis", "treatment", "outcome")


def clinical(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """The case as the user's turn; diagnosis, treatment and outcome, named, as the assistant's.

    One finding is enough; with fields for them but nothing in any, the record is null_content or empty.
    """
    names = [name for name in _FINDINGS if name in fields]
    if "case_description" not in fields or not names:
        return None
    found = {name: joined_text_of(fields[name]) for name in names}
    said = [f"{name.capitalize()}: {text}" for name, text in found.items() if type(text) is str]
    if not said:
        reasons = set(found.values())
        return Unreadable(Reason.EMPTY if Reason.EMPTY in reasons else Reason.NULL_CONTENT)
    turns = ((Role.USER, fields["case_description"]), (Role.ASSISTANT, "\n".join(said)))
    return dialogue(turns, "clinical", fields)
