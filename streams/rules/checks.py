"""Validators of personal data: a pattern proposes, these decide. Each reads what was found, folded but for the case
where its rule keeps that.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping

from streams.rules.check_digits import luhn as is_luhn
from streams.rules.national_ids import ID_CHECKS
from streams.rules.phones import has_phone_length, is_national, is_public, is_with_country

_DIGITS = re.compile(rb"\d")
_LETTERS_AND_DIGITS = re.compile(rb"[a-z0-9]+")
# A number that goes on to the left or right is another number: 1.555-123-4567.8 is no phone.
_NEIGHBOUR = re.compile(rb"[\w.@/=#-]")
# An address of the network often stands behind = or / and before a port or a mask.
_NEIGHBOUR_OF_IP = re.compile(rb"[\w.]")
_DATE = re.compile(rb"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d\d?[-./ ]\d\d?[-./ ](?:19|20)\d\d")


def digits(found: bytes) -> str:
    return b"".join(_DIGITS.findall(found)).decode("ascii")


def luhn(found: bytes) -> bool:
    """The check digit of payment cards, for 13 to 19 digits that are not all alike."""
    number = digits(found)
    return 13 <= len(number) <= 19 and len(set(number)) > 1 and is_luhn(number)


def ssn(found: bytes) -> bool:
    """The ranges that the US administration has ever given out (no 000, 666, 9xx; no group 00; no serial 0000)."""
    number = digits(found)
    if len(number) != 9:
        return False
    return (
        number[:3] not in {"000", "666"} and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"
    )


def phone(found: bytes) -> bool:
    """Somebody's by what is said around: the length of a phone number, no date, no free or premium line."""
    number = digits(found)
    return has_phone_length(number) and _DATE.fullmatch(found) is None and not is_public(number)


def phone_north_america(found: bytes) -> bool:
    """Ten digits after an optional 1, area code and exchange from 2 to 9 (NANP), no free or premium line."""
    number = digits(found)
    number = number[1:] if len(number) == 11 and number[0] == "1" else number
    return (
        len(number) == 10 and number[0] > "1" and number[3] > "1" and phone(found) and not is_public(number)
    )


def phone_country(found: bytes) -> bool:
    """A number with + or 00 and its country's code."""
    number = digits(found)
    if found.lstrip(b"(").startswith(b"00"):
        number = number[2:]
    return has_phone_length(number) and is_with_country(f"+{number}")


def phone_national(found: bytes) -> bool:
    """A number as some country writes it at home."""
    number = digits(found)
    return has_phone_length(number) and _DATE.fullmatch(found) is None and is_national(number)


_SAID_DIGIT = re.compile(rb"zero|oh|one|two|three|four|five|six|seven|eight|nine|\bo\b|\d")


def phone_said(found: bytes) -> bool:
    """Seven to fifteen digits said as words, not the counting from one on."""
    said = _SAID_DIGIT.findall(found)
    return 7 <= len(said) <= 15 and said[:4] != [b"one", b"two", b"three", b"four"]


def ip(found: bytes) -> bool:
    """An address that `ipaddress` reads and that says something: not unspecified, not loopback."""
    try:
        address = ipaddress.ip_address(found.decode("ascii"))
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


def email(found: bytes) -> bool:
    """One @ with parts of legal length (RFC 5321) and no doubled or outer dots in the local part."""
    local, _, domain = found.rpartition(b"@")
    return 0 < len(local) <= 64 and len(domain) <= 255 and b".." not in found and local.strip(b".") == local


_NOT_A_BOX = frozenset(
    b"look me us is was it them shop find book visit go site page meet blog website online up over article more here"
    b" back out found looking buy available and or see hosted read be are stuff works work him her".split()
)


def email_said(found: bytes) -> bool:
    """What stands before "at" can be the name of a mailbox."""
    return re.split(rb"[ \[({]", found, maxsplit=1)[0] not in _NOT_A_BOX


_IN_BETWEEN = frozenset(
    b"minutes minute min mins hours hour hrs miles mile blocks block km kms years year people kids times time of on down up in"
    b" at from my this that was is days day mg am pm percent more other different feet meters metres weeks week or i we"
    b" to for with per by off along across o'clock pounds dollars cars guys men women houses months month steps things"
    b" person years-old years old yards next away your his her our it he she they and then because".split()
)
_OPEN_TYPE = re.compile(
    rb"(?i)\b(?:st|dr|ct|pl|way|place|court|drive|close|walk|hill|row|view|square|circle|rise|loop|parade|trail|vale|"
    rb"park|green|grove|gardens|broadway|alley|run|path|cove|point|ridge|terrace)\.?(?:[\s,]|\Z)"
)
_POST_CODE = re.compile(
    rb"(?i)\b(?:\d{5}(?:-\d{4})?|[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d|\d{4})\Z"
)
_FAMOUS = re.compile(
    rb"(?i)(?:10 downing|221b baker|1600 pennsylvania|1313 mockingbird|4 privet|742 evergreen)"
)
_LEADING = re.compile(
    rb"(?i)(?:(?:flat|unit|apt|apartment|suite|room)\.?[\s#]*\w{1,4}[\s,]+)?\d[\w/-]*[\s,]+"
)


def address(found: bytes) -> bool:
    """A house and its street: no measure between number and street; capitals or a postcode where the word is common."""
    rest = _LEADING.sub(b"", found, count=1)
    words = re.findall(rb"[A-Za-z'-]+", rest)
    named = words[: max(1, len(words) - 1)] or [b""]
    if any(word.lower() in _IN_BETWEEN for word in words[:3]) or _FAMOUS.match(found):
        return False
    if named[0].lower() in {b"the", b"a", b"an"} and not named[0][:1].isupper():
        return False
    is_open = _OPEN_TYPE.search(rest) is not None
    return not is_open or named[0][:1].isupper() or _POST_CODE.search(found) is not None


def address_lived(found: bytes) -> bool:
    """The same where somebody is said to live there, so that small letters will do."""
    words = re.findall(rb"[a-z'-]+", _LEADING.sub(b"", found, count=1))
    return not any(word in _IN_BETWEEN or word in {b"the", b"a", b"an"} for word in words)


_MONTH_FIRST = re.compile(rb"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")


def date(found: bytes) -> bool:
    """A day that a calendar may have, whichever order its parts stand in."""
    parts = _MONTH_FIRST.fullmatch(found)
    if parts is None:
        return True
    first, second, third = (int(part) for part in parts.groups())
    one, other = (second, third) if first > 31 else (first, second)
    return 1 <= min(one, other) <= 12 and 1 <= max(one, other) <= 31


_NO_PERSON = re.compile(
    rb"(?:[./](?:com|gg|me|app|tv)/@?(?:groups?|pages?|watch|events?|p|reels?|explore|hashtag|search|home|shared?|sharer|login|"
    rb"help|about|i|intent|stories|tos|privacy|legal|policies|features|topics|trending|r|results|playlist|embed|topic|orgs|"
    rb"marketplace|settings|company|jobs|feed)(?:[/?.]|\Z))"
)


def url(found: bytes) -> bool:
    """The page of a person, not of a site's own rooms."""
    return _NO_PERSON.search(found) is None


def always(_found: bytes) -> bool:
    return True


def _identity(check: Callable[[str], bool]) -> Callable[[bytes], bool]:
    return lambda found: check(b"".join(_LETTERS_AND_DIGITS.findall(found)).decode("ascii"))


CHECKS: Mapping[str, Callable[[bytes], bool]] = {
    "": always,
    "luhn": luhn,
    "ssn": ssn,
    "phone": phone,
    "phone_north_america": phone_north_america,
    "phone_country": phone_country,
    "phone_national": phone_national,
    "phone_said": phone_said,
    "ip": ip,
    "email": email,
    "email_said": email_said,
    "address": address,
    "address_lived": address_lived,
    "date": date,
    "url": url,
    "announced": always,
    **{name: _identity(check) for name, check in ID_CHECKS.items()},
}

# From so many digits on a text is read for long numbers; with fewer, only for dates and addresses.
MANY_DIGITS = 7

# Fewer digits than these no validator passes, so a text with fewer need not be searched at all.
FEWEST_DIGITS: Mapping[str, int] = {
    "luhn": 13,
    "ip": 4,
    "ssn": 9,
    "phone": 7,
    "phone_north_america": 10,
    "phone_country": 7,
    "phone_national": 7,
    "address": 1,
    "address_lived": 1,
    "date": 1,
    "announced": 1,
    **dict.fromkeys(ID_CHECKS, 7),
    "nino": 6,
}


def stands_alone(text: bytes, start: int, end: int, low: int, high: int, *, is_ip: bool = False) -> bool:
    """Whether what was found is not a part of a longer number, word or path in its message."""
    neighbour = _NEIGHBOUR_OF_IP if is_ip else _NEIGHBOUR
    if start > low and neighbour.match(text, start - 1):
        return False
    if end >= high:
        return True
    # a full stop or dash that ends the sentence is no continuation
    return not neighbour.match(text, end) or (
        text[end : end + 1] in b".-" and not text[end + 1 : end + 2].isalnum()
    )
