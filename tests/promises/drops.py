"""Invented drops with a known fate for every record. Knows nothing of the code under test.

Fates follow from what was written: a plain supportive exchange is kept, its copy is a duplicate, a cry is
crisis, a broken line is rejected. Every text carries the canary.
"""

import csv
import gzip
import io
import json
import random
from dataclasses import dataclass, field

CANARY = "zanzibar-canary-7f3"

_WHO = ("my sister", "my neighbour", "our new manager", "an old friend", "my flatmate", "my cousin", "the landlord",
        "a colleague", "my grandmother", "the coach", "my uncle", "my teacher")  # fmt: skip
_WHAT = ("keeps postponing our talks", "forgot the rehearsal again", "moved away last month", "borrowed my bicycle",
         "started a choir", "paints the kitchen green", "stopped answering letters", "plans a long trip",
         "argues about the garden", "wants to sell the boat", "sings too loudly", "lost the keys")  # fmt: skip
_FEEL = ("tired and a little lonely", "nervous before every meeting", "proud but unsure", "restless at night",
         "annoyed and then ashamed of it", "sad in the mornings", "left out at dinner", "worried about money",
         "distracted from my studies", "homesick on Sundays")  # fmt: skip
_ASK = ("How can I talk about it calmly?", "What could I try first this week?", "Is it normal to feel that way?",
        "How do other people deal with this?", "Should I write it down before we meet?")  # fmt: skip
_HEAR = ("That sounds exhausting, and it makes sense that it weighs on you.",
         "I hear how much this matters to you, and your feelings are understandable.",
         "It is understandable that you feel this way after so many weeks.",
         "Thank you for telling me; that must have been hard to carry alone.")  # fmt: skip
_HELP = ("You could pick one quiet evening and say what you noticed, without blame.",
         "Perhaps start with a short walk together and one honest sentence.",
         "A small notebook beside the bed can hold the thoughts until the morning.",
         "We can look at the week together and choose one step that feels possible.")  # fmt: skip
# many details, so that no two exchanges are near copies by chance
_HOW = ("quietly", "slowly", "again", "lately", "carefully", "loudly", "twice", "by letter", "in the rain", "on foot",
        "before noon", "after supper", "without a word", "with a smile", "in a hurry", "at the station")  # fmt: skip
_DO = ("carried", "painted", "counted", "repaired", "folded", "sorted", "watered", "borrowed", "wrapped", "measured",
       "polished", "photographed", "described", "collected", "planted", "ordered", "washed", "traded")  # fmt: skip
_KIND = ("yellow", "wooden", "heavy", "crooked", "silver", "borrowed", "narrow", "dusty", "foreign", "enormous", "woollen",
         "broken", "striped", "ancient", "tiny", "hollow", "velvet", "copper", "paper", "garden")  # fmt: skip
_THING = ("ladder", "kettle", "map", "violin", "suitcase", "lantern", "clock", "blanket", "bicycle", "teapot", "mirror",
          "bench", "umbrella", "radio", "basket", "window", "letterbox", "piano", "jacket", "stove", "carpet")  # fmt: skip
_CRY = ("I want to kill myself tonight and I have decided when.",
        "I don't want to be alive any more and I am going to end my life.",
        "I have been cutting myself again every evening this week.")  # fmt: skip


@dataclass
class Drops:
    """Objects by key, and the number of records with each fate."""

    objects: dict[str, bytes] = field(default_factory=dict)
    kept: int = 0
    duplicate: int = 0
    crisis: int = 0
    rejected: int = 0

    @property
    def records(self) -> int:
        return self.kept + self.duplicate + self.crisis + self.rejected


def _exchange(rng: random.Random, number: int) -> tuple[str, str]:
    def details(count: int) -> str:
        return " ".join(
            f"Then I {rng.choice(_HOW)} {rng.choice(_DO)} the {rng.choice(_KIND)} {rng.choice(_THING)} and a "
            f"{rng.choice(_KIND)} {rng.choice(_THING)}."
            for _ in range(count)
        )

    user = " ".join(
        f"{rng.choice(_WHO).capitalize()} {rng.choice(_WHAT)}, case {number}-{rng.randrange(10**9)}, and I feel "
        f"{rng.choice(_FEEL)}. {details(3)}"
        for _ in range(3)
    )
    reply = " ".join(f"{rng.choice(_HEAR)} {rng.choice(_HELP)} {details(3)}" for _ in range(2))
    return f"{user} {CANARY} {rng.choice(_ASK)}", f"{reply} Step {rng.randrange(10**9)} can wait."


def make_drops(seed: int, records: int, objects: int, *, copies: float = 0.1, cries: float = 0.03) -> Drops:
    """`records` records over `objects` objects in four shapes; copies are exact and may lie in other objects."""
    rng = random.Random(seed)
    drops = Drops()
    rows: list[tuple[str, str] | None] = []
    originals: list[tuple[str, str]] = []
    for number in range(records):
        dice = rng.random()
        if dice < cries:
            user, reply = _exchange(rng, number)
            rows.append((f"{user} {rng.choice(_CRY)}", reply))
            drops.crisis += 1
        elif dice < cries + copies and originals:
            rows.append(rng.choice(originals))
            drops.duplicate += 1
        elif dice < cries + copies + 0.01:
            rows.append(None)
            drops.rejected += 1
        else:
            originals.append(_exchange(rng, number))
            rows.append(originals[-1])
            drops.kept += 1
    share = -(-len(rows) // objects)
    for index in range(objects):
        part = rows[index * share : (index + 1) * share]
        if not part:
            break
        # the formats take turns; prefixes differ so that base names repeat in two folders
        key = f"drops/{'ab'[index % 2]}/part-{index // 2:03d}"
        drops.objects |= {(_jsonl, _csv, _gzip, _sharegpt)[index % 4](key)[0]: _body(index, part)}
    return drops


def _jsonl(key: str) -> tuple[str, str]:
    return f"{key}.jsonl", "chat"


def _csv(key: str) -> tuple[str, str]:
    return f"{key}.csv", "csv"


def _gzip(key: str) -> tuple[str, str]:
    return f"{key}.jsonl.gz", "alpaca"


def _sharegpt(key: str) -> tuple[str, str]:
    return f"{key}.sharegpt.jsonl", "sharegpt"


def _body(index: int, rows: list[tuple[str, str] | None]) -> bytes:
    kind = index % 4
    if kind == 1:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["Context", "Response"])
        for row in rows:
            # a row without an answer and without a question: nothing to read
            writer.writerow(row if row is not None else ["", ""])
        return out.getvalue().encode()
    lines = []
    for row in rows:
        if row is None:
            lines.append('{"messages": [{"role": "user", "content": "' + CANARY + " cut off")
        elif kind == 0:
            lines.append(
                json.dumps(
                    {
                        "messages": [
                            {"role": "user", "content": row[0]},
                            {"role": "assistant", "content": row[1]},
                        ]
                    }
                )
            )
        elif kind == 2:
            lines.append(json.dumps({"prompt": row[0], "response": row[1]}))
        else:
            lines.append(
                json.dumps(
                    {"conversations": [{"from": "human", "value": row[0]}, {"from": "gpt", "value": row[1]}]}
                )
            )
    body = ("\n".join(lines) + "\n").encode()
    return gzip.compress(body, mtime=0) if kind == 2 else body
