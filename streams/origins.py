"""What the owner says of an object's source, found by the longest configured prefix of its key."""

from collections.abc import Callable, Sequence

from streams.records import Origin


def origins(sources: Sequence[tuple[str, str]]) -> Callable[[str, str], Origin]:
    """A function from bucket and key to the origin. A source is named by the last folder of its prefix."""
    known = sorted(
        (
            (bucket, prefix, Origin(prefix.rstrip("/").rpartition("/")[2] or bucket))
            for bucket, prefix in sources
        ),
        key=lambda row: -len(row[1]),
    )

    def origin_of(bucket: str, key: str) -> Origin:
        for its_bucket, prefix, origin in known:
            if bucket == its_bucket and key.startswith(prefix):
                return origin
        return Origin(bucket)

    return origin_of
