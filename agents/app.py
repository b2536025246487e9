"""Makes the Faust app of one agent: the settings under which Faust loses nothing, and our transport."""

from collections.abc import Callable, Mapping
from typing import Any

import faust
from faust.types import TP, Message
from yarl import URL

from agents.transport import Positions, SafeTransport
from clients import kafka
from clients.kafka import MESSAGE_BYTES
from streams.settings import Settings

STREAM_BUFFER_CHUNKS = 128  # with 256 KiB chunks 32 MiB; fewer make Faust's fetcher sleep a second at a time
POLL_CHUNKS = 64
COMMIT_SECONDS = 1.0


class ForebayApp(faust.App):
    """A Faust app that begins where `begin_at` says after every assignment."""

    begin_at: Positions
    may_pass: Callable[[TP], bool]

    def _create_directories(self) -> None:
        """Without tables nothing is kept on disk."""

    def _new_transport(self) -> Any:
        return SafeTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Any:
        return SafeTransport(self.conf.broker_producer, self)


def create_app(settings: Settings, group: str, begin_at: Positions) -> ForebayApp:
    """The app of one worker process in the consumer group `group`. Needs a running event loop.

    Every value below is there because another one lost or repeated data, or starved: see `transport.py`
    and the README's decisions.
    """
    app = ForebayApp(
        group,
        broker=[URL(f"kafka://{host.strip()}") for host in settings.kafka_bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        agent_supervisor="mode.supervisors.CrashingSupervisor",
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="none",  # a lost offset must end the worker, never skip
        consumer_max_fetch_size=2 << 20,
        stream_buffer_maxsize=STREAM_BUFFER_CHUNKS,
        broker_max_poll_records=POLL_CHUNKS,
        broker_commit_interval=COMMIT_SECONDS,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=settings.session_seconds / 5,
        broker_rebalance_timeout=max(settings.session_seconds, 30),
        broker_request_timeout=max(settings.session_seconds + 5, 30),
        producer_acks=-1,
        producer_linger=0.02,
        producer_max_batch_size=1 << 20,
        producer_max_request_size=MESSAGE_BYTES,
        producer_request_timeout=60,
        producer_compression_type=kafka.compression(settings),
        web_enabled=False,
    )
    app.begin_at = begin_at
    app.may_pass = lambda tp: True
    return app


def header_list(message: Message) -> list[tuple[str, bytes]]:
    """A message's headers as pairs, in whichever of its two forms Faust gives them."""
    headers = message.headers or ()
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _credentials(settings: Settings) -> Any:
    arguments: Mapping[str, Any] = kafka.connection(settings)
    context = arguments.get("ssl_context")
    if settings.kafka_security.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None
