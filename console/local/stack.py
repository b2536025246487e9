"""All local servers as one thing."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from console.local import jars as kafka_jars
from console.local import kafka, seaweed, toolchain, valkey
from console.local.children import Identity
from console.local.ports import LOCALHOST, Ports
from console.local.prometheus import plan as prometheus_plan
from console.local.server import READY_SECONDS, Plan, Say, Server, wait_ready
from console.local.unavailable import PortTaken

_TRIES = 3  # with free ports: another process can take one between our look and the server's bind


class Stack:
    """Kafka, S3, Redis and, where the machine has it, Prometheus, on 127.0.0.1 with data under one folder.

    `with Stack.start(folder) as stack:` stops them at its end. Servers that are not detached die with this
    process, however it ends. Calls block; in async code use `asyncio.to_thread`.
    """

    def __init__(self, folder: Path, ports: Ports, plans: list[Plan], *, detached: bool) -> None:
        self.folder = folder
        self.ports = ports
        self.launched: Callable[[Stack], None] = lambda _: None
        self._servers = {
            plan.name: Server(plan, detached=detached, launched=lambda: self.launched(self)) for plan in plans
        }

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        detached: bool = False,
        ports: Ports | None = None,
        prometheus: bool = True,
        jars: Path | None = None,
        targets: Path | None = None,
        say: Say = lambda _: None,
        launched: Callable[["Stack"], None] = lambda _: None,
        ready_seconds: float = READY_SECONDS,
    ) -> Self:
        """Starts all servers side by side and returns when they take work; 5 to 10 s.

        `ports` None: free ones. `jars`: where Kafka's program is or is put, `targets`: scrape targets of
        Prometheus; both by default below `folder`. `launched` is called whenever a process has been started.
        Data that an earlier stack left in `folder` is used. On any error what was started is stopped.
        Raises Unavailable (PortTaken when a port is in use), its message meant for a person.
        """
        folder = folder.absolute()
        jars = (jars or folder / "jars").absolute()
        targets = (targets or folder / "targets").absolute()
        toolchain.require(with_jars=kafka_jars.are_complete(jars))
        kafka_jars.fetch(jars, say)
        for last in (False,) * (_TRIES - 1) + (True,):
            chosen = ports or Ports.free()
            chosen.check_free()
            stack = cls._planned(
                folder, chosen, jars, targets, detached=detached, prometheus=prometheus, say=say
            )
            stack.launched = launched
            try:
                for server in stack.servers:
                    server.begin()
                wait_ready(stack.servers, seconds=ready_seconds, say=say)
            except PortTaken:
                stack.stop()
                if ports is not None or last:
                    raise
            except BaseException:
                stack.stop()
                raise
            else:
                return stack
        raise AssertionError("the last try returns or raises")

    @classmethod
    def attach(
        cls, folder: Path, ports: Ports, identities: Mapping[str, Identity], *, jars: Path, targets: Path
    ) -> Self:
        """The stack of an earlier process, from the identities of its servers; nothing is started."""
        stack = cls._planned(
            folder,
            ports,
            jars,
            targets,
            detached=True,
            prometheus="prometheus" in identities,
            say=lambda _: None,
        )
        for server in stack.servers:
            if server.name in identities:
                server.adopt(identities[server.name])
        return stack

    @classmethod
    def _planned(
        cls,
        folder: Path,
        ports: Ports,
        jars: Path,
        targets: Path,
        *,
        detached: bool,
        prometheus: bool,
        say: Say,
    ) -> Self:
        logs = folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        plans = [
            seaweed.plan(folder / "s3", ports, logs=logs),
            kafka.plan(folder / "kafka", ports, jars=jars, logs=logs),
            valkey.plan(folder / "redis", ports, logs=logs),
        ]
        if prometheus:
            if (program := toolchain.prometheus()) is None:
                say("Prometheus is not installed here: going on without it")
            else:
                plans.append(
                    prometheus_plan(folder / "prometheus", ports, program=program, targets=targets, logs=logs)
                )
        return cls(folder, ports, plans, detached=detached)

    @property
    def servers(self) -> tuple[Server, ...]:
        return tuple(self._servers.values())

    @property
    def kafka(self) -> Server:
        return self._servers["kafka"]

    @property
    def s3(self) -> Server:
        return self._servers["s3"]

    @property
    def redis(self) -> Server:
        return self._servers["redis"]

    @property
    def prometheus(self) -> Server | None:
        """None where it is not installed or was not wanted."""
        return self._servers.get("prometheus")

    def environment(self) -> dict[str, str]:
        """The settings that lead Forebay to these servers."""
        keys = seaweed.keys(self.folder / "s3")
        return {
            "FOREBAY_KAFKA_BOOTSTRAP": f"{LOCALHOST}:{self.ports.kafka_for_clients}",
            "FOREBAY_REDIS_URL": f"redis://{LOCALHOST}:{self.ports.redis}/0",
            "FOREBAY_S3_ENDPOINT": f"http://{LOCALHOST}:{self.ports.s3}",
            "FOREBAY_S3_PATH_STYLE": "true",
            "FOREBAY_S3_ACCESS_KEY": keys.access,
            "FOREBAY_S3_SECRET_KEY": keys.secret,
        }

    def health(self) -> list[str]:
        """A line for each server, for a person."""
        return [server.health() for server in self.servers]

    def stop(self) -> None:
        """Ends all servers, side by side: SIGTERM, then SIGKILL. Data stays. May be called twice."""
        with ThreadPoolExecutor(len(self.servers)) as waiting:
            list(waiting.map(Server.stop, self.servers))
        seaweed.remove_sockets(self.ports)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
