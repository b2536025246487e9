"""What reading an object obeys: sizes, counts, and how much it may swell."""

from dataclasses import dataclass

from streams.settings import Settings

# Text that repeats itself shrinks a lot: a bomb is told from it only once there is much of it.
INNOCENT_BYTES = 64 << 20


def most_plain_bytes(expansion: int, stored_bytes: int) -> int:
    """How many plain bytes so many stored ones may become; more is a bomb."""
    return max(INNOCENT_BYTES, expansion * stored_bytes)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of settings that cutting an object into chunks obeys, in bytes and records.

    `expansion` is the most plain bytes for a stored one, of an object or a member, once they are many.
    """

    chunk_bytes: int
    chunk_records: int
    record_bytes: int
    csv_field_bytes: int
    expansion: int = 250
    plain_bytes: int = 1 << 40
    members: int = 100_000
    member_bytes: int = 64 << 20
    gather_bytes: int = 16 << 20


def limits_of(settings: Settings) -> Limits:
    """What cutting obeys, from the settings."""
    return Limits(
        settings.chunk_bytes,
        settings.chunk_records,
        settings.record_bytes,
        settings.csv_field_bytes,
        settings.expansion,
        settings.plain_bytes,
        settings.members,
        settings.member_bytes,
        settings.gather_bytes,
    )
