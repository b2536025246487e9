"""Validators take what a country or standard gives out, and refuse one wrong digit."""

import pytest

from streams.rules.checks import CHECKS, FEWEST_DIGITS
from streams.rules.national_ids import ID_CHECKS

# Numbers that the countries print as examples, or made here by the published algorithm.
RIGHT = {
    "nino": "JT123456C",
    "nhs": "943 476 5919",
    "sin": "130 692 544",
    "aadhaar": "2341 2341 2346",
    "dni": "12345678Z",
    "codice_fiscale": "RSSMRA85T10A562S",
    "insee": "1 85 05 78 006 084 91",
    "cpf": "529.982.247-25",
    "pesel": "44051401359",
    "personnummer": "811218-9876",
    "hetu": "131052-308T",
    "resident": "11010519491231002X",
    "rrn": "880512-2345678",
    "nric": "S1234567D",
    "south_africa": "8001015009087",
    "tckn": "10000000146",
    "bsn": "111222333",
    "steuer_id": "86095742719",
    "tfn": "123456782",
    "medicare": "2123456701",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ahv": "756.1234.5678.97",
    "rut": "12.345.678-5",
    "pps": "1234567T",
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_true_number_passes(name: str) -> None:
    assert CHECKS[name](RIGHT[name].lower().encode())


@pytest.mark.parametrize("name", sorted(RIGHT.keys() - {"nino", "rrn"}))
def test_each_wrong_digit_fails(name: str) -> None:
    number = RIGHT[name].lower()
    at = max(place for place, sign in enumerate(number[:-1]) if sign.isdigit())
    # the digit before the last: Medicare's last one counts cards
    at = at - 1 if name == "medicare" else at
    passing = [d for d in "0123456789" if CHECKS[name](f"{number[:at]}{d}{number[at + 1 :]}".encode())]
    assert passing == [number[at]]


def test_every_check_of_ids_is_known_to_the_scan() -> None:
    assert ID_CHECKS.keys() <= FEWEST_DIGITS.keys()


@pytest.mark.parametrize(
    ("check", "number", "is_one"),
    [
        ("phone_country", "+44 (0)20 7946 0958", True),
        ("phone_country", "+1 212 555 0147", True),
        ("phone_country", "+44 800 068 4141", False),
        ("phone_country", "+44 20", False),
        ("phone_national", "07700 900123", True),
        ("phone_national", "06 12 34 56 78", True),
        ("phone_national", "0800 068 4141", False),
        ("phone_national", "05-11-2019", False),
        ("phone_north_america", "888-555-0147", False),
        ("date", "31/12/1999", True),
        ("date", "45/45/1999", False),
    ],
)
def test_phones_and_dates(check: str, number: str, is_one: bool) -> None:
    assert CHECKS[check](number.encode()) is is_one
