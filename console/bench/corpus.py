"""Invents chat records for measurements: seeded, about 4.3 kB each, with a vocabulary that varies."""

from collections.abc import Iterator
from random import Random

import orjson

# The mean of the chat records that Forebay's targets are stated for.
RECORD_BYTES = 4300


def _choices(text: str) -> list[str]:
    return text.split("|")


def _words(text: str) -> list[str]:
    return text.split()


_SLOTS: dict[str, list[str]] = {
    "who": _choices(
        "my sister|my brother|my partner|my mother|my father|my flatmate|my manager|my oldest friend|a colleague"
        "|my cousin|my neighbour|my teacher|my daughter|my son|my aunt|my coach|my landlord|my grandmother"
    ),
    "place": _choices(
        "the office|school|the kitchen|the library|the hospital ward|the train|choir practice|the garden|the gym"
        "|my parents’ house|the workshop|college|the bakery|the studio|the depot|the clinic|the allotment"
    ),
    "thing": _choices(
        "the presentation|the move|the exam|the letter|the rent|our wedding|the new job|the diagnosis|the deadline"
        "|the argument|the move abroad|my thesis|the interview|the audit|the recital|the night shift"
    ),
    "feeling": _choices(
        "anxious|tired|numb|tense|lonely|guilty|overwhelmed|irritable|ashamed|restless|flat|jealous|lost|uneasy"
        "|worn out|nervous|discouraged|on edge|embarrassed|hopeful|relieved|torn"
    ),
    "time": _choices(
        "last week|since the spring|every evening|on Sundays|for two months|this morning|at night|after lunch"
        "|before meetings|for most of the year|whenever it rains|since August|most mornings|twice a week"
    ),
    "doing": _choices(
        "answering messages|cooking|sleeping|reading|running|writing things down|cleaning|practising|calling people"
        "|sorting papers|going out|drawing|driving|studying|eating with others|fixing the bike|baking"
    ),
}
_ASKED = (
    "I have been {feeling} {time}, and {doing} has become harder than it used to be.",
    "{who} said something about {thing} at {place} and I can’t stop thinking about it.",
    "Honestly I don't know why {thing} makes me so {feeling}, it never did before.",
    "When I am at {place} I keep checking my phone instead of {doing}.",
    "We argued about {thing} {time} and nobody has mentioned it again.",
    "I tried {doing} like you said, but then {who} called and I felt {feeling} again.",
    "Is it normal to be {feeling} about {thing} when everyone else seems fine?",
    "Part of me wants to talk to {who}, the other part would rather stay at {place} and say nothing.",
    "It's like my head gets loud {time}, and {doing} is the only thing that helps a little.",
    "I slept badly {time} because of {thing}, so today I am mostly {feeling}.",
    "{who} thinks I should just get over it, which makes me {feeling} and a bit angry.",
    "I wrote a list of what I could do about {thing}, and then I hid it at {place}.",
)
_ANSWERED = (
    "It sounds as if {thing} has been weighing on you {time}, and that you have carried it mostly alone.",
    "That makes sense: feeling {feeling} is a natural answer to what happened at {place}.",
    "I hear how {feeling} you are, and I am glad that you told me about {who}.",
    "What would it be like to tell {who} one small part of this, perhaps while {doing}?",
    "One thing that helps some people is to set ten minutes aside for {doing}, and to stop there.",
    "You noticed that {doing} became harder {time}; that kind of attention is already a step.",
    "If {thing} comes up again, you could try to name the feeling first and only then decide what to do.",
    "Let’s look at {thing} together: which part of it is yours to solve, and which part belongs to {who}?",
    "Many people feel {feeling} in that position, and it doesn’t mean that you are weak.",
    "We might plan one calm evening at {place}, with {doing} and without any talk of {thing}.",
    "You said that {who} matters to you, and that {thing} got in between; I wonder what you miss most.",
    "Between now and our next talk, notice when you feel a little less {feeling}, and what you were doing then.",
)
# Free sentences from single words: templates alone would make all records near copies of each other.
_OPENINGS = _choices(
    "I think|I remember that|You know|Sometimes|To be honest,|Looking back,|What I notice is that|It seems that"
    "|Maybe|Yesterday|I’m not sure, but|At first|In the end|These days|If I’m fair,|On the way home"
)
_WHOSE = _words("the my our their her his that another every this")
_QUALITIES = _words(
    "quiet heavy small strange early late broken blue familiar crowded empty gentle sudden long narrow bright dusty "
    "patient stubborn careful clumsy distant eager fragile grateful hollow honest idle jolly keen lazy mellow muddy"
)
_NOUNS = _words(
    "morning kitchen window bicycle river notebook meeting garden message orchestra recipe suitcase staircase winter "
    "ticket jacket painting conversation shift project journey weekend carpet lamp teacher plan habit corner walk "
    "mountain breakfast story silence laptop promise sandwich coat harbour festival appointment puzzle radio mirror "
    "blanket theatre deadline invoice market pencil castle forest platform engine violin calendar voucher balcony "
    "bridge island lecture hamster curtain grocery birthday parcel museum tunnel stadium village anchor basket"
)
_VERBS = _words(
    "forgot noticed carried painted repaired missed finished avoided planned changed borrowed followed watched "
    "described measured cleaned questioned collected delayed explained guarded imagined joined kept listed mentioned "
    "needed opened packed raised sorted trusted understood visited wanted accepted balanced counted"
)
_LINKS = _choices(
    "because|although|while|so that|and then|even when|before|after|unless|which is why|but still|as soon as"
)
_FREE_SHARE = 0.8

_CRISIS = (
    "I don't want to live anymore and I can't promise to be safe tonight.",
    "I keep thinking about killing myself and it is getting louder.",
)


def _clause(random: Random) -> str:
    subject = f"{random.choice(_WHOSE)} {random.choice(_QUALITIES)} {random.choice(_NOUNS)}"
    return f"{subject} {random.choice(_VERBS)} {random.choice(_WHOSE)} {random.choice(_NOUNS)}"


def _sentence(random: Random, templates: tuple[str, ...]) -> str:
    if random.random() < _FREE_SHARE:
        opening = random.choice(_OPENINGS)
        return f"{opening} {_clause(random)} {random.choice(_LINKS)} {_clause(random)}."
    text = random.choice(templates).format(**{slot: random.choice(words) for slot, words in _SLOTS.items()})
    return text[0].upper() + text[1:]


def _turn(random: Random, templates: tuple[str, ...], characters: int) -> str:
    sentences: list[str] = []
    length = 0
    while length < characters:
        sentences.append(_sentence(random, templates))
        length += len(sentences[-1]) + 1
    return " ".join(sentences)


def chat_lines(
    count: int,
    seed: int,
    *,
    record_bytes: int = RECORD_BYTES,
    crisis_share: float = 0.01,
    pii_share: float = 0.03,
    copy_share: float = 0.02,
) -> Iterator[bytes]:
    """`count` JSON lines of the chat shape, the same for the same seed. Copies are exact and follow closely."""
    random = Random(seed)  # noqa: S311 - repeatable is what is wanted here
    line = b""
    for _ in range(count):
        if not line or random.random() >= copy_share:
            line = _line(random, record_bytes, random.random() < crisis_share, random.random() < pii_share)
        yield line


def _line(random: Random, record_bytes: int, has_crisis: bool, has_pii: bool) -> bytes:
    turns = 2 * random.randint(3, 6)
    messages = []
    for turn in range(turns):
        is_user = turn % 2 == 0
        # a turn ends with a whole sentence and has quotes and keys around it: about 60 bytes each
        characters = max(20, record_bytes // turns - 90)
        content = _turn(random, _ASKED if is_user else _ANSWERED, characters)
        messages.append({"role": "user" if is_user else "assistant", "content": content})
    if has_crisis:
        messages[-2]["content"] += " " + random.choice(_CRISIS)
    if has_pii:
        messages[0]["content"] += (
            f" You can write to me at reader{random.randint(1, 9999)}@example.org if you need to."
        )
    return orjson.dumps({"messages": messages, "lang": "en", "license": "CC0-1.0"})
