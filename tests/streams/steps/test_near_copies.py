"""Near copies as another measure sees them: in real files, and across the splits of many invented records."""

import asyncio
import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from random import Random
from zlib import crc32

import orjson

from console.bench.bare_loop import mark_copies
from console.bench.corpus import chat_lines
from console.drops_read import Batch, read_drops
from streams.chain import Desk, run_steps
from streams.outcomes import Split
from streams.records import Conversation, Message, Origin, Record, Role, Source
from streams.rules.model import Pack
from streams.settings import Settings
from streams.steps.fingerprints import fingerprints
from streams.steps.group import group

STEPS = ("convert", "fingerprints")
# One word in five may differ: a name put into a template, a line that another export of the same text lacks.
ALIKE = 0.8
RECORDS, VARIANTS = 20_000, 5_000


def words(conversation: Conversation) -> list[str]:
    """Words in order; of scripts without spaces, characters."""
    text = " ".join(message.content for message in conversation.messages).lower()
    return re.findall(r"[\u3000-\U0003ffff]|[^\W\u3000-\U0003ffff]+", text)


def agreeing_pairs(prints: list[tuple[str, ...]], least: int) -> list[tuple[int, int]]:
    by_band: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, bands in enumerate(prints):
        for number, band in enumerate(bands):
            by_band[number, band].append(place)
    agreeing = Counter(pair for places in by_band.values() for pair in combinations(places, 2))
    return [pair for pair, bands in agreeing.items() if bands >= least]


def test_near_copies_in_real_files_are_the_same_text_word_by_word(shared_data: Path, pack: Pack) -> None:
    settings = Settings(s3_access_key="x", s3_secret_key="x", output="s3://b/out/")

    async def read() -> list[Record]:
        found = read_drops(settings, str(shared_data / "conversations"), 0)
        return [record async for part in found if isinstance(part, Batch) for record in part.records]

    records = asyncio.run(read())
    run_steps([Desk(r) for r in records], STEPS, pack, observe=lambda *_: None, clock=lambda: 0.0)
    by_content = {r.fingerprints.content_hash: r for r in records if r.fingerprints is not None}
    distinct = list(by_content.values())
    prints = [r.fingerprints.bands for r in distinct if r.fingerprints is not None]
    pairs = agreeing_pairs(prints, pack.policy.near_agreeing)
    assert len(pairs) > 300
    unlike = []
    for one, other in pairs:
        texts = [
            words(c) for c in (distinct[one].conversation, distinct[other].conversation) if c is not None
        ]
        if SequenceMatcher(None, *texts, autojunk=False).ratio() < ALIKE:
            unlike.append((distinct[one].source, distinct[other].source))
    assert not unlike


def shingles(record: Record) -> set[int]:
    """Hashes of five words on end: no part of the fingerprints, which look at letters."""
    assert record.conversation is not None
    own = words(record.conversation)
    return {crc32(" ".join(own[at : at + 5]).encode()) for at in range(len(own) - 4)}


def varied(question: str, answer: str, chance: Random) -> tuple[str, str]:
    """The exchange as it comes again: a word changed in either, an opening, a closing, other letters."""

    def changed(text: str) -> str:
        own = text.split(" ")
        own[chance.randrange(len(own))] = chance.choice(["quite", "rather", "oddly", "grey"])
        return " ".join(own)

    return chance.choice(
        [
            (question, changed(answer)),
            (changed(question), answer),
            (changed(changed(question)), changed(answer)),
            (f"Hello, thanks for being here. {question}", answer),
            (question, f"{answer} Take good care of yourself until then."),
            (question.lower(), answer.replace(",", "")),
        ]
    )


def screened(exchanges: list[tuple[str, str]], pack: Pack) -> list[Record]:
    """The records with their fingerprints and groups, and what dedup says of them."""
    records = []
    for number, (question, answer) in enumerate(exchanges):
        record = Record(Source("b", "k", "v", number), Origin("x"), b"")
        messages = Message(Role.USER, question), Message(Role.ASSISTANT, answer)
        record.conversation = Conversation(messages, "chat")
        record.fingerprints = fingerprints(record.conversation, pack)
        record.group = group(record.conversation, record.origin, None, None, pack, None)
        records.append(record)
    mark_copies(records, set(), set(), pack.policy.near_agreeing)
    return records


def split_of(record: Record) -> Split:
    assert record.group is not None
    return record.group.split


def near_pairs(kept: list[Record]) -> list[tuple[Record, Record]]:
    """Pairs that share four fifths of their shingles, found without the fingerprints.

    Candidates share three of the shingles that the hash chooses, one in eight: of the hundred that such a pair
    shares, fewer are chosen once in ten thousand pairs. What hundreds share is a phrase of the corpus.
    """
    own = [shingles(record) for record in kept]
    holders: dict[int, list[int]] = defaultdict(list)
    for place, hashes in enumerate(own):
        for one in hashes:
            if one % 8 == 0:
                holders[one].append(place)
    candidates = Counter(
        pair for places in holders.values() if len(places) < 100 for pair in combinations(places, 2)
    )
    return [
        (kept[a], kept[b])
        for (a, b), shared in candidates.items()
        if shared >= 3 and len(own[a] & own[b]) >= ALIKE * len(own[a] | own[b])
    ]


def test_near_copies_do_not_leak_from_one_split_into_another(pack: Pack) -> None:
    """Of 20,000 records, a quarter of them copies with changes, one kept record in a thousand at most leaks."""
    chance = Random(7)
    exchanges = []
    for line in chat_lines(RECORDS - VARIANTS, seed=5):
        asked, answered = orjson.loads(line)["messages"][:2]
        exchanges.append((asked["content"][:500], answered["content"][:700]))
    exchanges += [varied(*chance.choice(exchanges), chance) for _ in range(VARIANTS)]
    chance.shuffle(exchanges)
    records = screened(exchanges, pack)
    kept = [record for record in records if record.copy is None]
    leaked = [(a, b) for a, b in near_pairs(kept) if split_of(a) is not split_of(b)]
    assert len(leaked) <= len(kept) / 1000
    # without dedup they would be there to see
    assert len(near_pairs(records)) > VARIANTS / 2
