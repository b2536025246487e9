"""The check digits by which numbers of many kinds prove themselves. Each function takes digits alone."""

_MULTIPLY = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTE = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def weighted(number: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits, each multiplied by the weight of its place; what is longer than the other is left out."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def luhn(number: str) -> bool:
    """The check digit of ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def verhoeff(number: str) -> bool:
    """The check digit of Verhoeff (1969), by the dihedral group of ten."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = int(_MULTIPLY[check][int(_PERMUTE[place % 8][int(digit)])])
    return check == 0
