"""Generates the demo's drops: invented records in several shapes, the same ones for the same seed."""

import csv
import gzip
import io
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from console.demo import phrases

RECORDS = 20_000
COPY_SHARE, NEAR_SHARE, CRISIS_SHARE, PII_SHARE = 0.08, 0.01, 0.03, 0.05
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Drop:
    """One object to put into the bucket; `records` is what intake should count, broken ones included."""

    key: str
    body: bytes
    records: int


@dataclass(slots=True)
class Drops:
    """All drops of a demo. `late` is put while the pipeline runs. Counts are of what was written."""

    early: list[Drop] = field(default_factory=list)
    late: list[Drop] = field(default_factory=list)
    copies: int = 0
    crises: int = 0
    broken: int = 0
    nulls: int = 0

    @property
    def records(self) -> int:
        return sum(drop.records for drop in (*self.early, *self.late))


@dataclass(frozen=True, slots=True)
class _Dialogue:
    """Turns, the help-seeker first, then by turns."""

    turns: tuple[str, ...]
    title: str
    topic: str


class _Writer:
    """Composes dialogues; every choice comes from one seeded source."""

    def __init__(self, chance: random.Random, drops: Drops, canary: str) -> None:
        self._chance = chance
        self._drops = drops
        self._canary = canary
        self._pool: list[_Dialogue] = []

    def dialogue(self, *, pair: bool) -> _Dialogue:
        """The next dialogue; about one in twelve is a copy of an earlier pair."""
        draw = self._chance.random()
        if self._pool and draw < COPY_SHARE:
            self._drops.copies += 1
            return self._chance.choice(self._pool)
        if self._pool and draw < COPY_SHARE + NEAR_SHARE:
            old = self._chance.choice(self._pool)
            return _Dialogue((*old.turns[:-1], old.turns[-1] + " Take care."), old.title, old.topic)
        made = self._new(1 if pair else self._chance.choice((1, 1, 1, 2, 2, 3)))
        if len(made.turns) == 2:
            self._pool.append(made)
        return made

    def text(self) -> str:
        """A note to oneself: nobody answers."""
        return " ".join(self._some(phrases.TROUBLES, self._chance.randint(4, 9)))

    def _new(self, rounds: int) -> _Dialogue:
        is_crisis = self._chance.random() < CRISIS_SHARE
        turns: list[str] = []
        for number in range(rounds):
            said = self._asks() if number == 0 else self._goes_on()
            if is_crisis and number == 0:
                self._drops.crises += 1
                said.insert(self._chance.randint(1, len(said)), self._one(phrases.CRISIS))
            if self._chance.random() < PII_SHARE:
                said.append(self._one(phrases.PII))
            if self._canary and self._chance.random() < 0.02:
                said.append(self._canary)
            turns += [" ".join(said), self._answer(is_crisis and number == 0)]
        return _Dialogue(tuple(turns), self._one(phrases.TITLES), self._chance.choice(phrases.TOPICS))

    def _asks(self) -> list[str]:
        troubles = self._some(phrases.TROUBLES, self._chance.randint(3, 7))
        return [self._one(phrases.OPENINGS), *troubles, self._one(phrases.QUESTIONS)]

    def _goes_on(self) -> list[str]:
        return [self._one(phrases.FOLLOW_UPS), *self._some(phrases.TROUBLES, self._chance.randint(1, 3))]

    def _answer(self, is_crisis: bool) -> str:
        if is_crisis:
            return self._one(phrases.CRISIS_REPLIES) + " " + self._one(phrases.EMPATHY)
        steps = self._some(phrases.STEPS, self._chance.randint(2, 4))
        said = [
            self._one(phrases.EMPATHY),
            self._one(phrases.REFLECTIONS),
            *steps,
            self._one(phrases.SUPPORT),
        ]
        return " ".join(said)

    def _some(self, table: tuple[str, ...], count: int) -> list[str]:
        return [self._filled(line) for line in self._chance.sample(table, count)]

    def _one(self, table: tuple[str, ...]) -> str:
        return self._filled(self._chance.choice(table))

    def _filled(self, line: str) -> str:
        said = _SLOT.sub(lambda slot: self._slot(slot[1]), line)
        return said[:1].upper() + said[1:]

    def _slot(self, name: str) -> str:
        return (
            f"{self._chance.randint(10, 99)}"
            if name == "digits"
            else self._chance.choice(phrases.SLOTS[name])
        )


def generate(*, records: int = RECORDS, seed: int = 7, canary: str = "") -> Drops:
    """The drops of a demo of about `records` records, average 1 to 1.5 kB each.

    About 8 % are exact copies of earlier ones, 3 % show a person in crisis; a few lines are broken or hold
    null. `canary`: a phrase that is put into some records, for tests that look for it elsewhere.
    """
    chance = random.Random(seed)  # noqa: S311 - invented text, the same for the same seed
    drops = Drops()
    writer = _Writer(chance, drops, canary)
    share = records / 20
    plan: list[tuple[str, float, Callable[[_Writer, int], Iterator[dict[str, Any]]], str]] = [
        ("support/chats-1.jsonl", 3.5, _chat, "jsonl"),
        ("support/chats-2.jsonl", 3, _chat, "jsonl"),
        ("sharegpt/dialogues.jsonl", 4, _sharegpt, "jsonl"),
        ("forum/context_response.csv", 2.5, _context_response, "csv"),
        ("counsel/answers.csv", 2, _counsel_chat, "csv"),
        ("alpaca/instructions.jsonl.gz", 2.5, _alpaca, "gzip"),
        ("transcripts/tagged.jsonl", 1.5, _tagged, "jsonl"),
        ("notes/journal.jsonl", 0.5, _text_only, "jsonl"),
        ("late/arrived.jsonl", 0.5, _chat, "jsonl"),
    ]
    for key, twentieths, shape, form in plan:
        rows = list(shape(writer, max(1, round(share * twentieths))))
        drop = _written(key, rows, form, chance, drops)
        (drops.late if key.startswith("late/") else drops.early).append(drop)
    return drops


def _written(key: str, rows: list[dict[str, Any]], form: str, chance: random.Random, drops: Drops) -> Drop:
    if form == "csv":
        out = io.StringIO(newline="")
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        return Drop(key, out.getvalue().encode(), len(rows))
    lines = [orjson.dumps(row) for row in rows]
    for at in chance.sample(range(len(lines)), max(1, len(lines) // 1000)):
        # cut in the middle, as an upload that broke leaves it: no JSON, but a record that must be counted
        lines[at] = lines[at][: len(lines[at]) // 2]
        drops.broken += 1
    body = b"\n".join(lines) + b"\n"
    return Drop(key, gzip.compress(body, 6, mtime=0) if form == "gzip" else body, len(lines))


def _chat(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        messages: list[dict[str, Any]] = [
            {"role": "assistant" if turn % 2 else "user", "content": text}
            for turn, text in enumerate(writer.dialogue(pair=False).turns)
        ]
        if number % 300 == 150:
            writer._drops.nulls += 1
            messages[0]["content"] = None
        yield {"messages": messages}


def _sharegpt(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        turns = writer.dialogue(pair=False).turns
        yield {
            "id": f"conv-{number}",
            "conversations": [
                {"from": "gpt" if n % 2 else "human", "value": text} for n, text in enumerate(turns)
            ],
        }


def _context_response(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        context, response = writer.dialogue(pair=True).turns[:2]
        yield {"Context": context, "Response": response}


def _counsel_chat(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        made = writer.dialogue(pair=True)
        yield {
            "questionID": number, "questionTitle": made.title, "questionText": made.turns[0],
            "topic": made.topic, "answerText": made.turns[1], "upvotes": number % 7,
        }  # fmt: skip


def _alpaca(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        asked, answer = writer.dialogue(pair=True).turns[:2]
        instruction = phrases.INSTRUCTIONS[number % len(phrases.INSTRUCTIONS)]
        yield {"instruction": instruction, "input": asked, "output": answer}


def _tagged(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        turns = writer.dialogue(pair=False).turns
        yield {
            "text": " ".join(f"<{'ASSISTANT' if n % 2 else 'HUMAN'}>: {text}" for n, text in enumerate(turns))
        }


def _text_only(writer: _Writer, count: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        yield {"text": writer.text()}
