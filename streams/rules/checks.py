"""Validators of personal data: a pattern proposes, these decide. Each reads folded text."""

import ipaddress
import re
from collections.abc import Callable, Mapping

_DIGITS = re.compile(rb"\d")
# A number that goes on to the left or right is another number: 1.555-123-4567.8 is no phone.
_NEIGHBOUR = re.compile(rb"[\w.@/=#-]")


def digits(found: bytes) -> str:
    return b"".join(_DIGITS.findall(found)).decode("ascii")


def luhn(found: bytes) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1), for 13 to 19 digits that are not all alike."""
    number = digits(found)
    if not 13 <= len(number) <= 19 or len(set(number)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def ssn(found: bytes) -> bool:
    """The ranges that the US administration has ever given out (no 000, 666, 9xx; no group 00; no serial 0000)."""
    number = digits(found)
    if len(number) != 9:
        return False
    return (
        number[:3] not in {"000", "666"} and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"
    )


def phone(found: bytes) -> bool:
    """7 to 15 digits (ITU E.164), not all alike, and not a date."""
    number = digits(found)
    if not 7 <= len(number) <= 15 or len(set(number)) < 3:
        return False
    return (
        re.fullmatch(rb"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d\d?[-./ ]\d\d?[-./ ](?:19|20)\d\d", found)
        is None
    )


def phone_north_america(found: bytes) -> bool:
    """Ten digits after an optional 1, area code and exchange from 2 to 9 (NANP)."""
    number = digits(found)
    number = number[1:] if len(number) == 11 and number[0] == "1" else number
    return len(number) == 10 and number[0] > "1" and number[3] > "1" and phone(found)


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


def always(_found: bytes) -> bool:
    return True


CHECKS: Mapping[str, Callable[[bytes], bool]] = {
    "": always,
    "luhn": luhn,
    "ssn": ssn,
    "phone": phone,
    "phone_north_america": phone_north_america,
    "ip": ip,
    "email": email,
}

# Fewer digits than these no validator passes, so a text with fewer need not be searched at all.
FEWEST_DIGITS: Mapping[str, int] = {"luhn": 13, "ssn": 9, "phone": 7, "phone_north_america": 10}


def stands_alone(text: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Whether what was found is not a part of a longer number, word or path in its message."""
    if start > low and _NEIGHBOUR.match(text, start - 1):
        return False
    if end >= high:
        return True
    # a full stop or dash that ends the sentence is no continuation
    return not _NEIGHBOUR.match(text, end) or (
        text[end : end + 1] in b".-" and not text[end + 1 : end + 2].isalnum()
    )
