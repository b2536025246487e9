"""tagged text: a whole dialogue in one string, each turn opened by its speaker's name and a colon."""

import re
from typing import Any

from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import Turn, dialogue, opening
from streams.shapes.roles import ROLES, role_of

NAMES = ("text", "content", "conversation", "conversations", "dialog", "dialogue", "transcript")

_WORDS = "|".join(sorted((word.replace("_", "[ _-]") for word in ROLES), key=len, reverse=True))
# `<HUMAN>:` stands anywhere, for nobody writes it in prose; a bare `User:` only where a line begins.
_ANGLE = re.compile(rf"<({_WORDS})>\s*:", re.IGNORECASE)
_LINE = re.compile(
    rf"^[ \t]*(?:\*\*|\#\#\#[ ]?|\[)?({_WORDS})(?:\*\*|\])?[ ]?[:：](?:\*\*)?", re.IGNORECASE | re.MULTILINE
)
# A dialogue written on one line: the answering tag must be the usual partner of the one that opens the text.
_PARTNERS = {
    "human": "gpt|assistant|ai|bot",
    "user": "assistant|bot|chatbot|ai|gpt",
    "client": "therapist|counselor|counsellor",
    "patient": "therapist|doctor",
    "seeker": "supporter",
    "prompter": "assistant",
}


def tagged_text(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """All turns of a text that begins with a speaker's tag and has tags of both sides; else None.

    Roles count as guessed only where the tags stand within one line.
    """
    for name in NAMES:
        text = fields.get(name)
        if type(text) is str and ":" in text.replace("：", ":"):
            for cut, roles_guessed in ((_by_angles, False), (_by_lines, False), (_within_a_line, True)):
                turns = cut(text)
                if turns:
                    found = [*opening(fields), *turns]
                    return dialogue(found, "tagged_text", fields, roles_guessed=roles_guessed)
    return None


def _by_angles(text: str) -> list[Turn]:
    return _cut(text, list(_ANGLE.finditer(text))) if "<" in text else []


def _by_lines(text: str) -> list[Turn]:
    return _cut(text, list(_LINE.finditer(text)))


def _within_a_line(text: str) -> list[Turn]:
    first = _LINE.match(text)
    partners = _PARTNERS.get(first.group(1).lower()) if first else None
    if first is None or partners is None:
        return []
    opener = first.group(1)
    names = [opener, *(_in_case_of(opener, name) for name in partners.split("|"))]
    return _cut(text, list(re.finditer(rf"(?:^|(?<=\s))({'|'.join(map(re.escape, names))}):(?=\s)", text)))


def _in_case_of(model: str, name: str) -> str:
    if model.isupper():
        return name.upper()
    return name.capitalize() if model[0].isupper() else name


def _cut(text: str, tags: list[re.Match[str]]) -> list[Turn]:
    """The turns between the tags; none where one side has no tag, or where words stand before the first:
    nobody says whose they are."""
    roles = [role for tag in tags if (role := role_of(tag.group(1))) is not None]
    # case folding knows letters that lower() does not: a tag without a role must not swallow its words
    if (
        len(roles) < len(tags)
        or not {Role.USER, Role.ASSISTANT} <= set(roles)
        or text[: tags[0].start()].strip()
    ):
        return []
    ends = [tag.start() for tag in tags[1:]] + [len(text)]
    turns = []
    for role, tag, end in zip(roles, tags, ends, strict=True):
        said = text[tag.end() : end]
        # a last tag with nothing behind it is a turn that nobody has taken yet
        if said.strip() or end < len(text):
            turns.append((role, said))
    return turns
