"""Which ports the local servers listen on: fixed ones for a person, free ones for tests."""

import random
import socket
from dataclasses import asdict, dataclass, replace
from typing import Self

from console.local.unavailable import PortTaken, Unavailable

LOCALHOST = "127.0.0.1"

# Below Linux's range for outgoing connections (32768 up): a port from that range can be taken by any
# client between our look and the server's bind.
_FREE_FROM, _FREE_TO = 20_000, 32_000


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each listener; every gRPC port is named, or a second stack would collide with the first.

    `kafka_advertised` is the port that Kafka tells its clients to use: 0 means its own; a fault proxy's
    port sends all traffic of clients through the proxy.
    """

    kafka: int = 9192
    kafka_controller: int = 9193
    kafka_internal: int = 9194
    s3: int = 18333
    s3_grpc: int = 18334
    filer: int = 18888
    filer_grpc: int = 18889
    master: int = 19333
    master_grpc: int = 19334
    volume: int = 19340
    volume_grpc: int = 19341
    redis: int = 16379
    prometheus: int = 19090
    kafka_advertised: int = 0

    @classmethod
    def free(cls, *, kafka_advertised: int = 0) -> Self:
        """Ports that nobody listens on now. Another process can still be faster: `Stack.start` tries again."""
        chance = random.SystemRandom()
        held: list[socket.socket] = []
        try:
            for _ in range(2000):
                if len(held) == len(cls.__slots__) - 1:
                    break
                if (found := _held(chance.randrange(_FREE_FROM, _FREE_TO))) is not None:
                    held.append(found)
            else:
                raise Unavailable(f"Found no free ports on {LOCALHOST} between {_FREE_FROM} and {_FREE_TO}.")
            found_ports = cls(*(taken.getsockname()[1] for taken in held))
            return replace(found_ports, kafka_advertised=kafka_advertised)
        finally:
            for taken in held:
                taken.close()

    @property
    def kafka_for_clients(self) -> int:
        return self.kafka_advertised or self.kafka

    def check_free(self) -> None:
        """Raises PortTaken naming every port of ours that somebody else listens on."""
        taken = [
            f"{port} ({name})"
            for name, port in asdict(self).items()
            if name != "kafka_advertised" and not is_free(port)
        ]
        if taken:
            raise PortTaken(
                f"Taken on {LOCALHOST}: port {', '.join(taken)}. Stop what listens there "
                "(`forebay down` if it is an earlier `forebay up`), or choose other ports."
            )


def _held(port: int) -> socket.socket | None:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # as the servers do: connections of an ended server that linger in TIME_WAIT do not count as taken
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((LOCALHOST, port))
        held.listen(1)  # two sockets with SO_REUSEADDR can share a bind, not a listen
    except OSError:
        held.close()
        return None
    return held


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1."""
    held = _held(port)
    if held is None:
        return False
    held.close()
    return True
