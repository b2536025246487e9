"""National identity numbers, each proven by the check digit or ranges that its country laid down.

Each takes letters and digits alone, in lower case.
"""

import re
from collections.abc import Callable, Mapping

from streams.rules.check_digits import luhn, verhoeff, weighted

_DNI_LETTERS = "trwagmyfpdxbnjzsqvhlcke"
_FISCAL_ODD = {
    **dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)),
    **dict(
        zip(
            "abcdefghijklmnopqrstuvwxyz",
            (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    ),
}


def _is_date(year: int, month: int, day: int) -> bool:
    return 1900 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31


def nino(number: str) -> bool:
    """United Kingdom, National Insurance: prefixes that HMRC gives out."""
    return number[:2] not in {"bg", "gb", "nk", "kn", "tn", "nt", "zz"}


def nhs(number: str) -> bool:
    """United Kingdom, NHS: modulus 11 over ten digits."""
    check = 11 - weighted(number[:9], (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return len(number) == 10 and len(set(number)) > 1 and (0 if check == 11 else check) == int(number[9])


def sin(number: str) -> bool:
    """Canada, Social Insurance Number: Luhn, no 0 or 8 in front."""
    return len(number) == 9 and number[0] not in "08" and len(set(number)) > 1 and luhn(number)


def aadhaar(number: str) -> bool:
    """India, Aadhaar: twelve digits from 2 on, Verhoeff's check digit."""
    return len(number) == 12 and number[0] not in "01" and len(set(number)) > 1 and verhoeff(number)


def dni(number: str) -> bool:
    """Spain, DNI and NIE: the letter is that of the number modulo 23."""
    plain = number.translate(str.maketrans("xyz", "012")) if number[0] in "xyz" else number
    return plain[:-1].isdigit() and _DNI_LETTERS[int(plain[:-1]) % 23] == number[-1]


def codice_fiscale(number: str) -> bool:
    """Italy, codice fiscale: the last letter is the sum of the values by place, modulo 26."""
    total = 0
    for place, sign in enumerate(number[:15]):
        even = int(sign) if sign.isdigit() else ord(sign) - ord("a")
        total += even if place % 2 else _FISCAL_ODD[sign]
    return len(number) == 16 and chr(ord("a") + total % 26) == number[15]


def insee(number: str) -> bool:
    """France, NIR: 97 less the number modulo 97; 2A and 2B stand for Corsica."""
    plain = number.replace("2a", "19").replace("2b", "18")
    return len(plain) == 15 and plain.isdigit() and 97 - int(plain[:13]) % 97 == int(plain[13:])


def cpf(number: str) -> bool:
    """Brazil, CPF: two check digits modulo 11."""
    if len(number) != 11 or len(set(number)) == 1:
        return False
    for length in (9, 10):
        check = weighted(number[:length], tuple(range(length + 1, 1, -1))) * 10 % 11 % 10
        if check != int(number[length]):
            return False
    return True


def pesel(number: str) -> bool:
    """Poland, PESEL: weights 1 3 7 9 and a date of birth."""
    if len(number) != 11 or not 1 <= int(number[2:4]) % 20 <= 12 or not 1 <= int(number[4:6]) <= 31:
        return False
    return (10 - weighted(number[:10], (1, 3, 7, 9) * 3) % 10) % 10 == int(number[10])


def personnummer(number: str) -> bool:
    """Sweden, personnummer: Luhn over ten digits that begin with a date of birth."""
    short = number[-10:]
    return 1 <= int(short[2:4]) <= 12 and 1 <= int(short[4:6]) <= 31 and luhn(short)


def hetu(number: str) -> bool:
    """Finland, henkilötunnus: the last sign is the number modulo 31."""
    plain = re.sub("[^0-9]", "", number[:-1])
    return len(plain) == 9 and "0123456789abcdefhjklmnprstuvwxy"[int(plain) % 31] == number[-1]


def fodselsnummer(number: str) -> bool:
    """Norway, fødselsnummer: two check digits modulo 11."""
    if len(number) != 11:
        return False
    first = -weighted(number[:9], (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(number[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (first, second) == (int(number[9]), int(number[10]))


def resident(number: str) -> bool:
    """China, resident identity card: a date of birth and ISO 7064 MOD 11-2."""
    if len(number) != 18 or not _is_date(int(number[6:10]), int(number[10:12]), int(number[12:14])):
        return False
    weights = tuple(2 ** (17 - place) % 11 for place in range(17))
    return "10x98765432"[weighted(number[:17], weights) % 11] == number[17]


def rrn(number: str) -> bool:
    """South Korea, resident registration number: a date of birth and a digit of century and sex."""
    return 1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31 and number[6] in "12345678"


def nric(number: str) -> bool:
    """Singapore, NRIC and FIN: the letter by the weighted sum modulo 11."""
    total = weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2)) + (
        4 if number[0] in "tg" else 3 if number[0] == "m" else 0
    )
    letters = "jzihgfedcba" if number[0] in "st" else "xwutrqpnmlk" if number[0] in "fg" else "xwutrqpnjlk"
    return letters[total % 11] == number[8]


def south_africa(number: str) -> bool:
    """South Africa, identity number: a date of birth, citizenship 0-2 and Luhn."""
    return (
        len(number) == 13
        and 1 <= int(number[2:4]) <= 12
        and 1 <= int(number[4:6]) <= 31
        and number[10] in "012"
        and luhn(number)
    )


def curp(number: str) -> bool:
    """Mexico, CURP: the last digit is the weighted sum modulo 10."""
    order = "0123456789abcdefghijklmn*opqrstuvwxyz"
    total = sum(order.index(sign) * (18 - place) for place, sign in enumerate(number[:17]))
    return len(number) == 18 and number[17].isdigit() and (10 - total % 10) % 10 == int(number[17])


def tckn(number: str) -> bool:
    """Türkiye, T.C. kimlik: two check digits."""
    if len(number) != 11 or number[0] == "0":
        return False
    values = [int(digit) for digit in number]
    tenth = (sum(values[0:9:2]) * 7 - sum(values[1:8:2])) % 10
    return values[9] == tenth and values[10] == sum(values[:10]) % 10


def bsn(number: str) -> bool:
    """Netherlands, BSN: the eleven test."""
    return len(number) == 9 and weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(number) > 0


def steuer_id(number: str) -> bool:
    """Germany, Steuer-ID: ISO 7064 MOD 11,10 over eleven digits."""
    if len(number) != 11 or number[0] == "0":
        return False
    product = 10
    for digit in number[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(number[10])


def tfn(number: str) -> bool:
    """Australia, tax file number: the weighted sum is a multiple of 11."""
    return len(number) == 9 and weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def medicare(number: str) -> bool:
    """Australia, Medicare card: the ninth digit is the weighted sum of the eight before it, modulo 10."""
    return (
        len(number) in {10, 11}
        and number[0] in "23456"
        and weighted(number[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(number[8])
    )


def iban(number: str) -> bool:
    """A bank account anywhere (ISO 13616): modulo 97 is 1. No national number, but proven in the same way."""
    turned = number[4:] + number[:4]
    return 15 <= len(number) <= 34 and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def ahv(number: str) -> bool:
    """Switzerland, AHV/AVS: 756 and the check digit of EAN-13."""
    return len(number) == 13 and number[:3] == "756" and weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def rut(number: str) -> bool:
    """Chile, RUT: modulus 11 with weights 2 to 7 from behind; 10 is written as k."""
    body = number[:-1]
    if not body.isdigit() or len(set(body)) == 1:
        return False
    check = 11 - weighted(body[::-1], (2, 3, 4, 5, 6, 7) * 2) % 11
    return {11: "0", 10: "k"}.get(check, str(check)) == number[-1]


def pps(number: str) -> bool:
    """Ireland, PPS number: seven digits and a letter modulo 23, to which a second letter adds nine times its place."""
    second = ord(number[8]) - ord("a") + 1 if len(number) > 8 and number[8] != "w" else 0
    return (
        "wabcdefghijklmnopqrstuv"[(weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) + 9 * second) % 23]
        == number[7]
    )


def cpr(number: str) -> bool:
    """Denmark, CPR: a date of birth in front; its check digit was given up in 2007."""
    return len(number) == 10 and 1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12


ID_CHECKS: Mapping[str, Callable[[str], bool]] = {
    check.__name__: check
    for check in (
        nino, nhs, sin, aadhaar, dni, codice_fiscale, insee, cpf, pesel, personnummer, hetu, fodselsnummer, resident,
        rrn, nric, south_africa, curp, tckn, bsn, steuer_id, tfn, medicare, iban,
        ahv, rut, pps, cpr,
    )
}  # fmt: skip
