"""Says which records share a split, which split that is, and the stage of the curriculum."""

from hashlib import sha256

from streams.outcomes import Split
from streams.records import CategoryFacts, Conversation, Finding, GroupFacts, Origin, Role
from streams.rules.model import Pack
from streams.steps.scan import Scan
from streams.wording import folded_letters, letters

# A first message of fewer letters ("hi", "hello there") opens thousands of unrelated talks.
_LEAST_LETTERS = 12
_GREETINGS = frozenset(
    greeting.encode()
    for greeting in [
        "hithere",
        "hellothere",
        "heythere",
        "goodmorning",
        "goodevening",
        "goodafternoon",
        "hihowareyou",
        "hellohowareyou",
        "heyhowareyou",
        "howareyou",
        "howareyoutoday",
        "hihowareyoutoday",
        "hellohowareyoutoday",
        "canyouhelpme",
        "canyouhelpmeplease",
        "canitalktoyou",
        "canitalktosomeone",
        "ineedhelp",
        "ineedsomehelp",
        "pleasehelpme",
        "ineedsomeonetotalkto",
        "ineedtotalktosomeone",
        "canyouhelp",
    ]
)

STRESS_CATEGORIES = frozenset({"crisis_support", "trauma_processing"})
EXPERT_CATEGORIES = frozenset({"therapy", "clinical_diagnosis"})
REASONING_TIER = 3

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
_USER = Role.USER
_SPLITS = tuple(Split)


def _key(conversation: Conversation, scan: Scan | None) -> bytes:
    """What all answers to one question, and all versions of one conversation, have in common."""
    if conversation.question is not None and (question := letters(conversation.question)):
        return question
    key = b""
    for place, message in enumerate(conversation.messages):
        if message.role is not _USER:
            continue
        key += (
            letters(message.content)
            if scan is None
            else folded_letters(scan.text[slice(*scan.bounds(place))])
        )
        if len(key) >= _LEAST_LETTERS and key not in _GREETINGS:
            break
    return key


def _split(group: str, pack: Pack) -> Split:
    salted = sha256(f"{pack.policy.split_salt}\0{group}".encode()).digest()
    at = int.from_bytes(salted[:8], "big") / 2**64
    edge = 0.0
    chosen = Split.TRAIN
    for split in _SPLITS:
        share = pack.policy.split_shares.get(split, 0.0)
        edge += share
        if share > 0:
            chosen = split
        if at < edge:
            break
    # shares sum to 1 but for rounding: what lies beyond the last edge belongs to the last split
    return chosen


def stage(
    conversation: Conversation, origin: Origin, crisis: Finding | None, categories: CategoryFacts | None
) -> int:
    """The stage of the curriculum: what the source says, else 3 edge and stress cases, 2 expertise, 1 foundation."""
    if origin.stage is not None:
        return origin.stage
    primary = None if categories is None else categories.categories[0].name
    if (crisis is not None and crisis.level is not None) or primary in STRESS_CATEGORIES:
        return 3
    if origin.tier == REASONING_TIER or conversation.reasoning is not None or primary in EXPERT_CATEGORIES:
        return 2
    return 1


def group(
    conversation: Conversation,
    origin: Origin,
    crisis: Finding | None,
    categories: CategoryFacts | None,
    pack: Pack,
    person: str | None = None,
    scan: Scan | None = None,
) -> GroupFacts:
    """Group (16 hex digits), split and stage. Group and split follow from the record and the pack alone.

    The key is the person where the source names one, else the question, else the first user message (with the next ones while it is only a greeting),
    whatever its case, spacing and punctuation. The scan, where there is one, has it folded.
    """
    key = _key(conversation, scan) if person is None else f"person:{person}".encode()
    name = sha256(key).hexdigest()[:16]
    return GroupFacts(name, _split(name, pack), stage(conversation, origin, crisis, categories))
