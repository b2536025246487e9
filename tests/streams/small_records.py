"""Invented records for tests of the chain: one of each kind of end, with the canary in every text."""

import orjson

from streams.chain import receive
from streams.chunks import Part, RawChunk, Stub
from streams.outcomes import Reason
from streams.records import Origin, Record

CANARY = "zanzibar-canary-7f3"
_CALM = (
    f"My week was full of small arguments with my sister about the {CANARY} and I feel worn out by it.",
    "That makes sense, you have carried a lot this week. What would help you to rest a little this evening?",
)


def chat(*texts: str, **fields: object) -> bytes:
    """A line of the chat shape, the user first."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    return orjson.dumps({"messages": messages, **fields})


def numbered(number: int) -> bytes:
    """A calm exchange that differs from all others."""
    words = (
        "kitchen",
        "garden",
        "river",
        "office",
        "school",
        "train",
        "market",
        "library",
        "bridge",
        "forest",
    )
    place, other = words[number % 10], words[number // 10 % 10]
    return chat(
        f"Since the talk in the {place} I keep thinking about the {other}, the {CANARY}, and number {number}.",
        f"It makes sense that the {other} stays with you after {number} days. What do you need in the {place} now?",
    )


LINES: dict[str, bytes] = {
    "kept": chat(*_CALM),
    "exact copy": chat(_CALM[0].upper(), _CALM[1]),
    "crisis": chat(f"Write to me at mira@post.example please. I want to die, {CANARY}.", "I am glad that you told me."),
    "crisis unanswered": chat(f"There is no point in living for me anymore, {CANARY}."),
    "unsafe reply": chat(f"I feel like a burden to my family, {CANARY}.", "They would be better off without you."),
    "pii": chat(f"You can write to mira@post.example about the {CANARY}, I read it every evening.", _CALM[1]),
    "pii in doubt": chat(f"I would like to be called back, my number is on the {CANARY} card.", _CALM[1]),
    "unanswered": chat(f"I have been thinking about changing my job for a while now, {CANARY}."),
    "low quality": chat(f"What should I do about the argument with my sister, {CANARY}?", "ok"),
    "ungated": chat(f"Ich weiss nicht mehr, was ich mit meinem Leben anfangen soll, {CANARY}.", _CALM[1]),
    "bad json": b'{"messages": [' + CANARY.encode(),
    "unknown shape": orjson.dumps({"weight": 3, f"a sentence with the {CANARY} as name": CANARY}),
    "tag and category": chat(
        f"They laughed at me at work because of my accent and I could not do the homework, {CANARY}.", _CALM[1]
    ),
}  # fmt: skip


def chunk(lines: list[bytes], *, stub: bool = False) -> RawChunk:
    """A raw chunk of one part; with a stub as its last record where asked for."""
    part = Part("drops", "a/b.jsonl", "v1", 100, len(lines) + stub, "jsonl")
    stubs = (Stub(0, 100 + len(lines), Reason.TOO_LARGE, 5, 9),) if stub else ()
    return RawChunk(b"\n".join(lines), (part,), stubs)


def all_kinds() -> list[Record]:
    """One record of each kind in LINES, and one that intake refused."""
    return receive(chunk(list(LINES.values()), stub=True), lambda _bucket, _key: Origin("tests", 1, "CC0"))
