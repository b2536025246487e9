"""Finds names of private people: rules say where one may stand, the word lists and what is around it decide.

Rules only propose places, for most words with a capital are no names. A name that was found is then looked for in
the whole record, so that it does not stay where nothing around it tells.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from streams.rules.guards import Match
from streams.rules.model import Kind, Pack
from streams.rules.names import Place
from streams.steps.name_reader import Name, NameReader, can_be_name
from streams.steps.scan import Hit, Scan

PERSON_NAME = "person_name"


_LETTERS = re.compile(rb"[A-Za-z][A-Za-z'-]*\Z")
_SET_APART = re.compile(
    rb"[,.!?:;)\n\x00]|\s+(?:and|but) (?:i|I|im|I'm|i'm|my)\b|\s*(?:\(|-|[^\x00-\x7f])|\s+(?:here|from|\d)|\s*\Z"
)
_LAST = re.compile(rb"[\s.!,)*~x<3]{0,12}(?:[:;]-?[)D(P]\s*)?(?:\x00|\Z)|[.!,]?[ ]?\n")
# A last word with a full stop is a sentence as well as a name.
_LAST_BARE = re.compile(rb"[\s!,)*~]{0,6}(?:[:;]-?[)D(P]\s*)?(?:\x00|\Z)|[!,]?[ ]?\n")

_PREPOSITIONS = frozenset(b"in at to from near of the through across into around visiting outside".split())
_ARTICLES = frozenset(b"a an the this that these those every each no any some".split())
_MONTHS = frozenset(b"april may june august jan".split())
# Given names of the list that are words when they stand without a capital.
_WORDS_IN_LOWER = frozenset(
    b"sue ted penny holly ivy iris heather ebony jean rosa constance adele logan ana carter shelby victor"
    b" norman gloria stella harry jerry randy wayne bonnie scott jesse ali eva ida ian ann ava mai nia pia"
    b" rui uma wei xin yan ying jing ling hana aino rami sami noam avi dov cem duc eko ayu siti outi ville"
    b" reka malin dora alma luis blanca celeste dolores mercedes esperanza kamal kiran farai budi indra"
    b" fajar sari putri agus mila lila maya nana rina mona vera angelica athena hermione sonya angus brent"
    b" bryce cliff curt morris mason barry percy gilbert franz marco polo felix laurel daphne delphine"
    b" polly molly dolly lottie minh thanh linh hoa hang quang tuan aurelia perry aline miles josh nick ken"
    b" sally cody paige rowan marcel norma shame bella crystal kerry jack john robin".split()
)
_SHORT = 3
_CALLS = re.compile(
    rb"(?:told|asked|with|and|named|called|is|i'?m|hi|hey|hello|dear|love|loves|miss|thanks|call me|go by|"
    rb"friend|bestie|brother|sister|son|daughter|husband|wife|partner|boyfriend|girlfriend|bf|gf|ex|cousin|boss|"
    rb"therapist|roommate|coworker|uncle|aunt|teacher|dr|mr|mrs|ms) \Z"
)


_Decide = Callable[[NameReader, Name, bytes], bool]


def _has_capital(reader: NameReader, name: Name) -> bool:
    return reader.text[name.start : name.start + 1].isupper()


def _listed(reader: NameReader, name: Name, first: bytes) -> bool:
    if _has_capital(reader, name):
        return not (first in reader.words.towns and reader.before(name.start) in _PREPOSITIONS)
    if first in reader.words.rare or first in _WORDS_IN_LOWER or len(first) <= _SHORT:
        before = reader.text[max(reader.low, name.start - 14) : name.start]
        return _CALLS.search(before.lower()) is not None
    return True


def _told(reader: NameReader, name: Name, first: bytes) -> bool:
    words = reader.words
    has_capital = _has_capital(reader, name)
    if first in words.given or (has_capital and first in words.either):
        return True
    if not can_be_name(first, words) or first in words.things:
        return False
    if has_capital:
        return not reader.text[name.start : name.start + 2].isupper()
    is_family = first in words.family and first not in words.either
    return is_family or _SET_APART.match(reader.text, name.end, reader.high) is not None


def _addressed(reader: NameReader, name: Name, first: bytes) -> bool:
    words = reader.words
    if not _has_capital(reader, name):
        return False
    if first in words.given:
        return True
    is_apart = _SET_APART.match(reader.text, name.end, reader.high) is not None
    return is_apart and (first in words.either or (can_be_name(first, words) and not _is_of_a_people(first)))


def _is_of_a_people(word: bytes) -> bool:
    """Whether the word is formed as those for peoples and beliefs are: Bolivian, Cornish, Maltese, Marxist."""
    return word.endswith((b"ian", b"ish", b"ese", b"ist", b"ean", b"ic", b"ing", b"ed"))


def _signed(reader: NameReader, name: Name, first: bytes) -> bool:
    words = reader.words
    if not _has_capital(reader, name):
        return False
    if first in words.given or first in words.either:
        return _LAST.match(reader.text, name.end, reader.high) is not None
    is_last = _LAST_BARE.match(reader.text, name.end, reader.high) is not None
    return is_last and can_be_name(first, words) and first not in words.things


def _maybe(reader: NameReader, name: Name, first: bytes) -> bool:
    words = reader.words
    if _WITHIN.search(reader.text, max(reader.low, name.start - 3), name.start) is None:
        return False
    if first in words.towns and reader.before(name.start) in _PREPOSITIONS:
        return False
    before = reader.before(name.start)
    if before in _ARTICLES:
        return False
    if first not in words.given and first not in words.either:
        if not can_be_name(first, words) or first in words.things or _is_of_a_people(first):
            return False
        return _is_called_on(reader, name) or (before not in _PREPOSITIONS and _does(reader, name))
    has_family = name.end - name.start > len(first)
    return first in words.given or (first in words.either and (has_family or first not in words.seldom))


# The rule hits behind a line's end as well, for the rules that are near it.
_WITHIN = re.compile(rb"[A-Za-z0-9,;:] ['\"(]?\Z")
_DEED = re.compile(rb" (?:(?:just|always|finally|really|even|also) )?([a-z']+)")
_COMMA_BEFORE = re.compile(rb"[a-z]{2}, \Z")
_END_OF_SENTENCE = re.compile(rb"[!?](?:\s|\x00|\Z)|\.(?: [A-Z]|\s*(?:\n|\x00|\Z))")


def _is_called_on(reader: NameReader, name: Name) -> bool:
    """Whether it stands as an address does, between a comma and the sentence's end: "I am proud of you, …!" """
    return (
        _COMMA_BEFORE.search(reader.text, max(reader.low, name.start - 4), name.start) is not None
        and _END_OF_SENTENCE.match(reader.text, name.end, reader.high) is not None
    )


def _does(reader: NameReader, name: Name) -> bool:
    following = _DEED.match(reader.text, name.end, reader.high)
    return following is not None and following[1] in reader.words.deeds


def _subject(reader: NameReader, name: Name, first: bytes) -> bool:
    words = reader.words
    if first in words.given:
        return True
    if reader.before(name.start) in _PREPOSITIONS:
        return False
    if first in words.either:
        return first not in _MONTHS
    return can_be_name(first, words) and first not in words.things and reader.is_mid_sentence(name.start)


_DECIDE: Mapping[str, _Decide] = {
    Place.LISTED: _listed,
    Place.TOLD: _told,
    Place.ADDRESSED: _addressed,
    Place.SIGNED: _signed,
    Place.MAYBE: _maybe,
    Place.SUBJECT: _subject,
}


_LONGEST = 40


def _start_of(hit: Hit, scan: Scan, low: int, given: frozenset[bytes]) -> int | None:
    if hit.rule.check == Place.LISTED:
        # long names are hit within other words too
        if scan.text[hit.end : hit.end + 1].isalpha():
            return None
        found = _LETTERS.search(scan.text, max(low, hit.end - _LONGEST), hit.end)
        # Anne-Marie begins with Anne: the hit on Marie is a part of it
        if found is None or given.isdisjoint(found[0].split(b"-")):
            return None
        return found.start()
    if hit.rule.check == Place.SUBJECT:
        first = hit.rule.ender().search(scan.cased, max(low, hit.end - 60), hit.end)
        return first.start() if first else None
    # the rule ends two letters into the name: one alone would be every I
    return hit.end - 2


def name_matches(scan: Scan, pack: Pack) -> list[Match]:
    """A match for each name of a private person and each rule that shows it, in order of place."""
    found: dict[tuple[str, int], Match] = {}
    asked: set[tuple[str, int]] = set()
    for hit in scan.of(Kind.PII):
        if hit.rule.name != PERSON_NAME:
            continue
        low, _ = scan.bounds(hit.message)
        start = _start_of(hit, scan, low, pack.names.given)
        if start is None or (hit.rule.id, start) in asked:
            continue
        asked.add((hit.rule.id, start))
        reader = NameReader(scan, pack, hit.message)
        read = reader.read(start)
        if read is None:
            continue
        name, first = read
        if _DECIDE[hit.rule.check](reader, name, first) and reader.is_private(name):
            found[hit.rule.id, start] = Match(Hit(hit.rule, hit.message, name.end), name.start, name.end)
    if not found:
        return []
    shown = list(found.values())
    return sorted([*shown, *_again(scan, pack, shown)], key=lambda match: match.start)


def _again(scan: Scan, pack: Pack, found: list[Match]) -> Iterator[Match]:
    """The names of the record where nothing around them tells: written alike, and not where a sentence begins."""
    words = pack.names
    taken = {at for match in found for at in range(match.start, match.end)}
    seen: set[bytes] = set()
    for match in found:
        for place_in_name, word in enumerate(scan.cased[match.start : match.end].split(b" ")):
            folded = word.lower()
            if word in seen or len(word) <= _SHORT - 1 or not word[:1].isupper() or folded in words.seldom:
                continue
            seen.add(word)
            # a last name that is no word of the lists, or a first name of them
            is_sure = folded in words.given or (
                can_be_name(folded, words) and (place_in_name > 0 or folded not in words.either)
            )
            for place in re.finditer(rb"(?<![\w@#/-])%b(?![\w@-])" % re.escape(word), scan.cased):
                start, end = place.span()
                if start in taken:
                    continue
                message = scan.message_at(start)
                reader = NameReader(scan, pack, message)
                if (is_sure or reader.is_mid_sentence(start)) and reader.is_private(Name(start, end)):
                    taken.update(range(start, end))
                    yield Match(Hit(match.hit.rule, message, end), start, end)
