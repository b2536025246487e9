"""Reads labelled examples: what a gate's model is trained on, and the sets that it is measured by.

A set is a folder of JSON Lines, one file a writer. A line is one conversation and what a person says of it:
`{"stratum": "farewell", "y": 1, "level": "acute", "text": "…"}` or `{…, "y": 0, "chat": ["person", "assistant", …]}`.
In long ones the brackets ⟦ ⟧ stand round the passage that decides; they are no part of the text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from streams.outcomes import Level
from streams.records import Conversation, Message, Role
from streams.rules.fields import BadPack
from streams.rules.model import Kind

OPEN, CLOSE = "⟦", "⟧"
_KEYS = frozenset({"y", "level", "text", "chat", "lang", "stratum", "pair"})
_ENGLISH = "en"

# A text is long with so many turns or words: where danger is one quiet sentence among many.
LONG_TURNS, LONG_WORDS = 8, 200


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled conversation: `turns` alternate and begin with the person; brackets still stand in them."""

    id: str
    writer: str
    stratum: str
    label: bool
    level: Level | None
    language: str
    pair: str
    turns: tuple[str, ...]

    @property
    def is_long(self) -> bool:
        return len(self.turns) >= LONG_TURNS or len(" ".join(self.turns).split()) >= LONG_WORDS

    def conversation(self) -> Conversation:
        """The conversation as a record would hold it, without brackets."""
        roles = (Role.USER, Role.ASSISTANT)
        turns = [turn.replace(OPEN, "").replace(CLOSE, "") for turn in self.turns]
        return Conversation(
            tuple(Message(roles[place % 2], turn) for place, turn in enumerate(turns)), "example"
        )


def read_examples(files: Mapping[str, bytes]) -> tuple[Example, ...]:
    """The examples in `files` (`<writer>.jsonl` → bytes), in order of names.

    Raises BadPack with every fault, named by file and line and never by its text.
    """
    faults: list[str] = []
    found: list[Example] = []
    for name in sorted(files):
        writer = name.removesuffix(".jsonl")
        for number, line in enumerate(files[name].splitlines(), 1):
            if line.strip():
                place = f"{name}:{number}"
                try:
                    found.append(_example(orjson.loads(line), place, writer))
                except (ValueError, TypeError) as error:
                    what = "no JSON" if isinstance(error, orjson.JSONDecodeError) else str(error)
                    faults.append(f"{place}: {what}")
    if faults:
        raise BadPack(faults)
    return tuple(found)


def _example(row: object, place: str, writer: str) -> Example:
    if not isinstance(row, dict) or not _KEYS.issuperset(row):
        raise ValueError(f"must be a mapping with keys of {', '.join(sorted(_KEYS))}")
    if row.get("y") not in (0, 1):
        raise ValueError("y must be 0 or 1")
    if not isinstance(row.get("stratum"), str):
        raise ValueError("must name its stratum")
    turns = row["chat"] if "chat" in row else [row.get("text")]
    if ("chat" in row) == ("text" in row) or not isinstance(turns, list) or not all(map(_is_said, turns)):
        raise ValueError("must have a text, or a chat of texts")
    level = row.get("level")
    if level is not None and (level not in tuple(Level) or not row["y"]):
        raise ValueError(f"level must be one of {', '.join(Level)}, where y is 1")
    return Example(
        id=place,
        writer=writer,
        stratum=row["stratum"],
        label=row["y"] == 1,
        level=None if level is None else Level(level),
        language=row.get("lang", _ENGLISH),
        pair=row.get("pair", ""),
        turns=tuple(turns),
    )


def _is_said(turn: object) -> bool:
    return isinstance(turn, str) and bool(turn.strip()) and turn.count(OPEN) == turn.count(CLOSE)


def own_words(example: Example, gate: Kind) -> str:
    """The turns that the gate judges, brackets and all: the person's, or the assistant's."""
    return "\n".join(example.turns[0 if gate is Kind.CRISIS else 1 :: 2])


def near_copies(examples: Iterable[Example], gate: Kind, share: float = 0.3) -> list[tuple[str, str]]:
    """Pairs of ids whose runs of four words overlap by more than `share` of the shorter one's (three at least)."""
    seen: dict[tuple[str, ...], list[int]] = {}
    sizes: list[int] = []
    ids: list[str] = []
    found = []
    for example in examples:
        words = [word.strip(".,!?;:'\"()⟦⟧").casefold() for word in own_words(example, gate).split()]
        runs = {tuple(words[at : at + 4]) for at in range(len(words) - 3)}
        shared: dict[int, int] = {}
        for run in runs:
            for other in seen.get(run, ()):
                shared[other] = shared.get(other, 0) + 1
            seen.setdefault(run, []).append(len(ids))
        for other, count in shared.items():
            if count >= 3 and count > share * min(len(runs), sizes[other]):
                found.append((ids[other], example.id))
        ids.append(example.id)
        sizes.append(len(runs))
    return found
