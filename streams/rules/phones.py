"""Which digits are somebody's phone number: lengths and prefixes of all countries are phonenumbers' (Google's) tables."""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

# Lines of organisations and services, which are no one's own: free, shared and premium lines, and those without a place.
_PUBLIC = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
# Countries whose national numbers are known without their code, the likeliest first.
_REGIONS = (
    "GB", "AU", "IN", "ID", "FR", "DE", "IE", "NZ", "ZA", "NG", "KE", "PH", "PK", "MY", "GH", "IT", "ES", "NL", "BE",
    "CH", "AT", "SE", "BR", "MX", "AR", "CO", "CL", "PE", "PT", "PL", "CZ", "UA", "TR", "IL", "EG", "SA", "AE", "JP",
    "KR", "CN", "TW", "TH", "VN", "BD", "LK", "GR", "RO", "HU", "FI", "NO", "DK", "UG", "TZ", "ET", "MA", "DZ", "HK",
    "SG", "US",
)  # fmt: skip
_FEWEST, _MOST = 7, 15
_REMEMBERED = 4096


def _read(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(_REMEMBERED)
def is_with_country(number: str) -> bool:
    """Whether `+` and digits have the length of a number of that country, and no public line's prefix.

    Prefixes are not asked: numbers set aside for fiction, as test data has them, count as somebody's.
    """
    parsed = _read(number, None)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return False
    return phonenumbers.number_type(parsed) not in _PUBLIC


# Set aside for drama, so no table has them as valid: Ofcom's, ACMA's are in the tables already.
_DRAMA = ("07700900", "0113496", "0114496", "0115496", "0116496", "0117496", "0118496", "0121496", "0131496",
          "0141496", "0151496", "0161496", "0207946", "01914980", "01632960", "02896496", "02920180")  # fmt: skip


@lru_cache(_REMEMBERED)
def is_national(digits: str) -> bool:
    """Whether some country has it as a valid number written without the country's code, not a public line's."""
    if digits.startswith(_DRAMA):
        return True
    for region in _REGIONS:
        parsed = _read(digits, region)
        if parsed is None:
            continue
        kind = phonenumbers.number_type(parsed)
        if kind in _PUBLIC:
            return False
        if kind != PhoneNumberType.UNKNOWN:
            return True
    return False


@lru_cache(_REMEMBERED)
def is_public(digits: str) -> bool:
    """Whether the ten digits are a free or premium line in North America."""
    parsed = _read(digits, "US")
    return parsed is not None and phonenumbers.number_type(parsed) in _PUBLIC


def has_phone_length(digits: str) -> bool:
    """7 to 15 digits (ITU E.164), not all alike."""
    return _FEWEST <= len(digits) <= _MOST and len(set(digits)) > 2
