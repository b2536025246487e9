"""What the whole ledger knows, for the sweeps: which listed versions are no news, and what is unfinished."""

from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from clients.errors import RetryLater
from clients.kafka import lone_consumer, messages_to_end
from producers.announcements import listing_name
from producers.ledger import Entry, read_entry
from producers.seen import Seen
from producers.states import ABSENT, ObjectVersion, State
from streams.names import Names
from streams.settings import Settings


class Known:
    """All lanes' rows, as far as `refresh` has read them: hashes of listings, and unfinished rows in full."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        topic = Names(settings.namespace).objects
        self.partitions = [TopicPartition(topic, number) for number in range(settings.lanes)]
        self._consumer: AIOKafkaConsumer | None = None
        self._listings = Seen()
        self.standing = (
            Seen()
        )  # listed versions that were read or refused, and are neither gone nor superseded
        self.absent = Seen()  # those of them that no listing shows, and whose lanes were told
        self._unfinished: dict[bytes, tuple[Entry, bool]] = {}
        self._is_counting = False
        self._states: dict[bytes, State] = {}
        self.records = 0

    def is_known(self, listing: bytes) -> bool:
        """True where the lane has this listed version and needs no announcement: found, or final."""
        return listing in self._listings

    def count_from_here(self) -> None:
        """From now on rows are news: they are counted, and `unfinished` says which came since."""
        self._is_counting = True
        self._unfinished = {key: (entry, False) for key, (entry, _) in self._unfinished.items()}

    def states(self) -> dict[str, int]:
        """Object versions by the last state that they reached since `count_from_here`."""
        return dict(Counter(state.value for state in self._states.values()))

    def unfinished(self) -> Iterable[tuple[Entry, bool]]:
        """Every row without a final state, and whether it is news."""
        return self._unfinished.values()

    async def refresh(self) -> None:
        """Read to the read_committed end of now. Raises RetryLater when Kafka is away; repeat it then."""
        try:
            consumer = self._consumer or await self._open()
            async with aclosing(messages_to_end(consumer, self.partitions)) as messages:
                async for message in messages:
                    self._apply(message.key, message.value)
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka does not answer: {type(error).__name__}") from error

    async def _open(self) -> AIOKafkaConsumer:
        consumer = lone_consumer(self._settings)
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer
        consumer.assign(self.partitions)
        await consumer.seek_to_beginning(*self.partitions)
        return consumer

    def _apply(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._unfinished.pop(key, None)
            return
        entry = read_entry(key, value)
        if entry.is_final:
            known = self._unfinished.pop(key, None)
        else:
            known = self._unfinished.get(key)
            self._unfinished[key] = (entry, self._is_counting)
        if self._is_counting:
            self._states[key] = entry.state
            self.records += entry.records - (known[0].records if known is not None else 0)
        if entry.is_final:
            if entry.state in ABSENT:
                self.standing.discard(listing_of(entry.version))
                self.absent.discard(listing_of(entry.version))
            else:
                self.standing.add(listing_of(entry.version))
        # what is gone or denied is announced again when a listing shows it
        if entry.state is State.GONE or entry.is_denied:
            self._listings.discard(listing_of(entry.version))
        else:
            self._listings.add(listing_of(entry.version))

    async def close(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()


def listing_of(version: ObjectVersion) -> bytes:
    """How a listing names a version, as bytes to remember it by."""
    return listing_name(version.bucket, version.key, version.etag, version.modified_seconds)
