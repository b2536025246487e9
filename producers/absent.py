"""Finds finished objects that no listing shows any more: deleted, or another version in their place.

A sweep remembers what it was shown, as hashes. Only where fewer of the finished versions were shown than
stand in the ledger, the ledger is read through for their names: their lanes then look what became of them.
"""

from contextlib import aclosing

from aiokafka.errors import KafkaError

from clients.errors import RetryLater
from clients.kafka import messages_to_end, reader
from producers.announcements import Announcement
from producers.known import Known, listing_of
from producers.ledger import Entry, read_entry
from producers.seen import Seen
from producers.states import ABSENT
from streams.catalogue import Catalogue
from streams.settings import Settings

# So many at once; more are found by the next sweep.
MOST_ABSENT = 10_000


class Absent:
    """What one sweep after the other was shown, against what stands."""

    def __init__(self, settings: Settings, catalogue: Catalogue, known: Known) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._known = known
        self.begin()

    def begin(self) -> None:
        """A new sweep begins."""
        self._shown = Seen()
        self._shown_standing = 0

    def show(self, listing: bytes) -> None:
        """A sweep was shown this listed version."""
        self._shown.add(listing)
        if listing in self._known.standing:
            self._shown_standing += 1
            self._known.absent.discard(listing)  # it is back

    async def found(self) -> list[Announcement]:
        """At the end of a sweep without faults: what to tell the lanes. Raises RetryLater when Kafka is away."""
        if len(self._known.standing) - self._shown_standing <= len(self._known.absent):
            return []
        news = []
        for entry in (await self._missing()).values():
            # also one of a source that is no longer read: it must not be looked for at each sweep
            self._known.absent.add(listing_of(entry.version))
            v = entry.version
            if self._catalogue.of(v.bucket, v.key) is not None:
                news.append(
                    Announcement(v.bucket, v.key, v.etag, v.modified_seconds, v.size_bytes, entry.value())
                )
        return news

    async def _missing(self) -> dict[bytes, Entry]:
        found: dict[bytes, Entry] = {}
        try:
            async with reader(self._settings) as consumer:
                partitions = self._known.partitions
                consumer.assign(partitions)
                await consumer.seek_to_beginning(*partitions)
                async with aclosing(messages_to_end(consumer, partitions)) as messages:
                    async for message in messages:
                        self._take(found, message.key, message.value)
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error
        return found

    def _take(self, found: dict[bytes, Entry], key: bytes, value: bytes | None) -> None:
        entry = None if value is None else read_entry(key, value)
        if entry is None or not entry.is_final or entry.state in ABSENT:
            found.pop(key, None)
            return
        listing = listing_of(entry.version)
        if listing not in self._shown and listing not in self._known.absent and len(found) < MOST_ABSENT:
            found[key] = entry
