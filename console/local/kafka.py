"""Apache Kafka as one node that is both broker and controller (KRaft)."""

import base64
import os
import socket
import struct
import uuid
from pathlib import Path

from console.local import toolchain
from console.local.ports import LOCALHOST, Ports
from console.local.server import Plan
from console.local.unavailable import Unavailable

_ASK_SECONDS = 2.0
GRACE_SECONDS = 20.0

# Folders are relative to ours: the file is read as Latin-1, and log.dirs splits at commas.
# Two listeners: what the broker says to itself (transaction markers) must not pass through a fault proxy
# that clients are sent to, so only CLIENTS is advertised at the proxy's port.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{ports.kafka_controller}
listeners=CLIENTS://{host}:{ports.kafka},INTERNAL://{host}:{ports.kafka_internal},\
CONTROLLER://{host}:{ports.kafka_controller}
advertised.listeners=CLIENTS://{host}:{ports.kafka_for_clients},INTERNAL://{host}:{ports.kafka_internal}
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=6000
# after a crash the new process waits until the old one's session has ended: 9 s by default
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# the broker's clock is the one that counts
log.message.timestamp.type=LogAppendTime
# each topic sets its own retention; a group's place must outlive the longest of them
log.retention.hours=168
offsets.retention.minutes=129600
log.segment.bytes=268435456
log.cleaner.dedupe.buffer.size=33554432
"""


def plan(folder: Path, ports: Ports, *, jars: Path, logs: Path) -> Plan:
    """Writes its configuration into `folder` and says how to run it. Raises Unavailable without Java."""
    java = toolchain.java()
    if java is None:
        raise Unavailable(f"Java was not found. {toolchain.OTHER_WAY}")
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    properties = folder / "server.properties"
    properties.write_text(_PROPERTIES.format(host=LOCALHOST, ports=ports))
    classes = f"{jars}/*"
    words = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")
    return Plan(
        name="kafka",
        address=f"{LOCALHOST}:{ports.kafka}",
        prepare=(
            *(java, "-Xmx128m", "-XX:TieredStopAtLevel=1", *words, "-cp", classes),
            *("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties)),
        ),
        # written last by the formatter: without it the folder is formatted again
        is_prepared=(data / "meta.properties").exists,
        command=(
            *(java, "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", *words),
            *("-cp", classes, "kafka.Kafka", str(properties)),
        ),
        environment=dict(os.environ),
        folder=folder,
        log=logs / "kafka.log",
        is_ready=lambda: has_broker(ports.kafka),
        grace_seconds=GRACE_SECONDS,
    )


def has_broker(port: int) -> bool:
    """Whether Kafka answers on its port and lists a broker that takes work. Raises OSError when it does not answer."""
    client = b"forebay"
    # Metadata, version 0, of all topics (kafka.apache.org/protocol): key, version, correlation, client, no topics
    request = struct.pack(f">hhih{len(client)}si", 3, 0, 1, len(client), client, 0)
    with socket.create_connection((LOCALHOST, port), timeout=_ASK_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb").read(12)
    if len(answer) < 12:
        return False
    _size, _correlation, brokers = struct.unpack(">iii", answer)
    return bool(brokers > 0)


def _cluster_id() -> str:
    random = uuid.uuid4().bytes
    # the first bit cleared: an id that starts with a dash would be read as an option
    return base64.urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")
