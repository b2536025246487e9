"""tagged text: a whole dialogue in one string, each turn opened by its speaker's name and a colon."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.shapes.dialogue import Turn, dialogue, opened
from streams.shapes.roles import ROLES, role_of

NAMES = ("text", "content", "conversation", "conversations", "dialog", "dialogue", "transcript")

_WORDS = "|".join(sorted((word.replace("_", "[ _-]") for word in ROLES), key=len, reverse=True))
# When the turn was said, as transcripts write it before a tag: `[00:01:02]`, `(01:02)`, `00:01:02.5 -`.
_CLOCK = r"(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?(?:[ ]?[ap]m)?"
_BRACKETED = rf"(?:\[{_CLOCK}\]|\({_CLOCK}\))"
_TIME = rf"(?:(?:{_BRACKETED}|{_CLOCK})[ \t]*(?:[-–—][ \t]*)?)?"
_TIME_BEFORE = re.compile(
    rf"(?:{_BRACKETED}|(?:^|(?<=\n))[ \t]*{_CLOCK})[ \t]*(?:[-–—][ \t]*)?$", re.IGNORECASE
)
# `<HUMAN>:` stands anywhere, for nobody writes it in prose; a bare `User:` only where a line begins.
_ANGLE = re.compile(rf"(?:(<)|\#\#\#[ ]?)(?P<who>{_WORDS})(?(1)>|)\s*[:：]", re.IGNORECASE)
_LINE = re.compile(
    rf"[ \t]*{_TIME}(?:\*\*|\#\#\#[ ]?|\[)?(?P<who>{_WORDS})(?:\*\*|\])?(?:[ \t]*{_BRACKETED})?[ ]?[:：](?:\*\*)?",
    re.IGNORECASE,
)
_LATER_LINE = re.compile(rf"\n{_LINE.pattern}", re.IGNORECASE)
# Any name in capitals and angle brackets: a speaker, whoever that is.
_OTHER_ANGLE = re.compile(r"<([A-Z][A-Z _-]{1,24})>\s*[:：]")
_INLINE = re.compile(rf"(?:^|(?<=\s))(?:\*\*)?(?P<who>{_WORDS})(?:\*\*)?[:：](?:\*\*)?(?=\s)", re.IGNORECASE)
# In a dialogue on one line a tag is told from prose by being the usual partner of the one that opens it.
_PARTNERS = {
    "human": ("gpt", "assistant", "ai", "bot", "chatbot"),
    "user": ("assistant", "bot", "chatbot", "ai", "gpt"),
    "client": ("therapist", "counselor", "counsellor"),
    "patient": ("therapist", "doctor"),
    "seeker": ("supporter",),
    "speaker": ("listener",),
    "student": ("counselor", "counsellor"),
    "prompter": ("assistant",),
}
# One tag alone says that somebody speaks only where the word is used for nothing else.
_SURE_NAMES = frozenset(
    [
        "user",
        "human",
        "client",
        "seeker",
        "assistant",
        "gpt",
        "therapist",
        "counselor",
        "counsellor",
        "supporter",
        "chatbot",
    ]
)
_MOST_HEADING_LINES = 10
_LONGEST_HEADING = 80
_HEADING = re.compile(
    r"\d|^\W+$|^\s*[#\[(=*_-]|\b(?:session|date|transcript|title|dialog(?:ue)?|conversation|case|chapter|preface"
    r"|example|interview|chat log|speakers?|participants?|topic|subject)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'?[md]|i'?ve|me|my|mine|myself|we|us|our)\b", re.IGNORECASE)
_BEFORE_A_WORD = frozenset("<#")
_BEFORE_A_TIME = frozenset("[(0123456789")
_LONGEST_TIME = 48
# Names that nobody writes in the case of other words.
_ACRONYMS = frozenset({"gpt", "ai"})


class Cut(NamedTuple):
    """A text cut at its tags. `lead`: what stands before the first. `is_open`: it ends in a tag with no words."""

    lead: str
    turns: list[Turn]
    is_open: bool


def tagged_text(fields: dict[str, Any]) -> Conversation | Unreadable | None:
    """All turns of a text with speakers' tags; None for one without. One side alone is not made into two.

    A heading before the first tag is a system turn. Other words there may be anybody's: unknown_shape, but
    heard. Roles count as guessed only where the tags stand within one line.
    """
    for name in NAMES:
        text = fields.get(name)
        if type(text) is str and (":" in text or "：" in text):
            text = text.strip()
            for cut, roles_guessed in _ways(text):
                found = cut(text)
                if found is not None:
                    return _conversation(text, found, fields, roles_guessed)
    return None


def _conversation(
    text: str, found: Cut, fields: dict[str, Any], roles_guessed: bool
) -> Conversation | Unreadable:
    lead = found.lead.strip()
    turns = found.turns
    if lead and not _is_heading(lead):
        heard = dialogue([(Role.USER, text)], "tagged_text", fields, single_turn=True, roles_guessed=True)
        return Unreadable(Reason.UNKNOWN_SHAPE, heard=heard if isinstance(heard, Conversation) else None)
    if lead:
        turns = [(Role.SYSTEM, lead), *turns]
    return dialogue(opened(fields, turns), "tagged_text", fields, roles_guessed=roles_guessed)


def _is_heading(lead: str) -> bool:
    """True for titles, dates and numbers above a dialogue: short lines, each with a sign that it is one, in
    which nobody speaks of themselves. What might be somebody's words must reach the gate."""
    lines = [line for line in lead.splitlines() if line.strip()]
    return (
        len(lines) <= _MOST_HEADING_LINES
        and all(len(line) <= _LONGEST_HEADING and _HEADING.search(line) is not None for line in lines)
        and _FIRST_PERSON.search(lead) is None
    )


def _ways(text: str) -> Iterator[tuple[Callable[[str], Cut | None], bool]]:
    """How a text can be cut, and whether that guesses roles. Prose costs one look for a tag at a line's start."""
    is_timed = text[:1] in _BEFORE_A_TIME
    if is_timed or text[:1] in _BEFORE_A_WORD or ">:" in text:
        yield _by_angles, False
    begins = is_timed or _LINE.match(text) is not None
    if begins or _LATER_LINE.search(text) is not None:
        yield by_lines, False
    if begins:
        yield _within_a_line, True
        yield _one_side, False


def _by_angles(text: str) -> Cut | None:
    """The text cut at tags in angle brackets, of one side too: nobody writes these in prose."""
    tags = list(_ANGLE.finditer(text))
    found = _cut(text, tags, needs_both=False)
    if found is None or not tags[0].group().startswith("<"):
        return found if found is not None and _has_both(found) else None
    if any(role_of(other[1]) is None for other in _OTHER_ANGLE.finditer(text)):
        # somebody else's words stand among theirs
        found.turns.append((None, ""))
    return found


def _one_side(text: str) -> Cut | None:
    """A text that begins with a tag, and has tags of that side only."""
    tags = _line_tags(text)
    if len(tags) < 2 and not (tags and tags[0]["who"].lower() in _SURE_NAMES):
        return None
    return _cut(text, tags, needs_both=False)


def by_lines(text: str) -> Cut | None:
    """The text cut at the tags that begin a line; None where not both sides have one."""
    return _cut(text, _line_tags(text))


def _line_tags(text: str) -> list[re.Match[str]]:
    tags, at = [], 0
    # from line to line: looking for a line's beginning at every character costs ten times as much
    while at >= 0:
        tag = _LINE.match(text, at)
        if tag is not None:
            tags.append(tag)
        at = text.find("\n", at)
        at = at + 1 if at >= 0 else at
    return tags


def _within_a_line(text: str) -> Cut | None:
    first = _LINE.match(text)
    if first is None:
        return None
    opener = first["who"]
    tags = [tag for tag in _INLINE.finditer(text) if _is_written_like(opener, tag["who"])]
    side = role_of(opener)
    others = {name for tag in tags if role_of(name := tag["who"].lower()) not in (side, None)}
    partner = next((name for name in _usual_partners(opener.lower()) if name in others), None)
    if partner is None and len(others) == 1 and not opener.islower():
        partner = others.pop()
    if partner is None:
        return None
    names = {opener.lower(), partner}
    return _cut(text, [first, *(t for t in tags if t.start() >= first.end() and t["who"].lower() in names)])


def _usual_partners(opener: str) -> tuple[str, ...]:
    found = _PARTNERS.get(opener)
    return found or tuple(asking for asking, answering in _PARTNERS.items() if opener in answering)


def _is_written_like(opener: str, name: str) -> bool:
    if name.lower() in _ACRONYMS or opener.lower() in _ACRONYMS:
        return True
    return name.isupper() == opener.isupper() and name[0].isupper() == opener[0].isupper()


def _has_both(found: Cut) -> bool:
    return {Role.USER, Role.ASSISTANT} <= {role for role, _ in found.turns}


def _cut(text: str, tags: list[re.Match[str]], *, needs_both: bool = True) -> Cut | None:
    """The turns between the tags; None where there is none, or one side has none though both are needed."""
    roles = [role for tag in tags if (role := role_of(tag["who"])) is not None]
    # case folding knows letters that lower() does not: a tag without a role must not swallow its words
    if not tags or len(roles) < len(tags):
        return None
    if needs_both and not {Role.USER, Role.ASSISTANT} <= set(roles):
        return None
    lead = _without_time(text[: tags[0].start()])
    turns: list[Turn] = []
    for place, (role, tag) in enumerate(zip(roles, tags, strict=True)):
        if place + 1 < len(tags):
            turns.append((role, _without_time(text[tag.end() : tags[place + 1].start()])))
            continue
        said = text[tag.end() :]
        # a last tag with nothing behind it is a turn that nobody has taken yet
        if said.strip():
            turns.append((role, said))
    return Cut(lead, turns, is_open=len(turns) < len(tags))


def _without_time(said: str) -> str:
    """Without the time of the next turn, which stands before its tag."""
    tail = max(len(said) - _LONGEST_TIME, 0)
    time = _TIME_BEFORE.search(said, tail) if said.find(":", tail) >= 0 else None
    return said if time is None else said[: time.start()]
