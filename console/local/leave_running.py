"""`forebay up` and `forebay down`: servers that stay when the command ends, and the record to end them by."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from console.local import kafka, seaweed
from console.local.children import Child, Identity
from console.local.ports import Ports
from console.local.server import Say, wait_ready
from console.local.stack import Stack
from console.local.unavailable import Unavailable

ENVIRONMENT_FILE = "local.env"
RECORD_FILE = "local.json"
_NEEDED = ("s3", "kafka", "redis")
_GRACE_SECONDS = {"s3": seaweed.GRACE_SECONDS, "kafka": kafka.GRACE_SECONDS}


def up(
    state: Path, *, ports: Ports | None = None, prometheus: bool = True, say: Say = lambda _: None
) -> Stack:
    """Starts the servers to stay, waits until they take work, and writes their settings to `state`/local.env.

    Servers that are up already are left alone; if one of them has ended, all are started anew on the same
    ports and data. `ports` None: the fixed ones. Raises Unavailable; then nothing is left running.
    """
    state = state.absolute()
    with _alone(state):
        if (record := _read(state)) is not None:
            dead = [name for name in _NEEDED if name not in record.children]
            dead += [name for name, child in record.children.items() if not child.is_alive()]
            if not dead:
                stack = _attach(state, record)
                # also an `up` that was cut off between start and readiness is finished here
                wait_ready(stack.servers)
                _write(state / ENVIRONMENT_FILE, _environment_text(stack))
                say("Already up")
                return stack
            say(f"Ended since the last `up`: {', '.join(dead)}; starting all anew")
            _stop(record)
            ports = ports or record.ports
        try:
            stack = Stack.start(
                _servers_folder(state),
                detached=True,
                ports=ports or Ports(),
                prometheus=prometheus,
                jars=_jars(state),
                targets=_targets(state),
                say=say,
                # after each process, so that whenever we die `down` finds all but the one being started
                launched=lambda started: _record(state, started),
            )
        except BaseException:
            # a server that would not even be killed stays on record
            if (left := _read(state)) is None or not any(
                child.is_alive() for child in left.children.values()
            ):
                _forget(state)
            raise
        _write(state / ENVIRONMENT_FILE, _environment_text(stack))
        return stack


def down(state: Path, *, remove_data: bool = False, say: Say = lambda _: None) -> bool:
    """Ends the servers that `up` left, by recorded process and never by name. False: none were recorded.

    A recorded number that now belongs to another process is left alone. Data stays unless asked.
    """
    state = state.absolute()
    if not state.is_dir():
        return False
    with _alone(state):
        record = _read(state)
        if record is None:
            say("Not up")
        else:
            _stop(record)
            say(f"Ended: {', '.join(record.children)}")
        _forget(state)
        if remove_data and _servers_folder(state).exists():
            shutil.rmtree(_servers_folder(state))
        return record is not None


def attached(state: Path) -> Stack | None:
    """The stack that `up` left, whether or not it still runs; None when there is no record."""
    state = state.absolute()
    record = _read(state)
    return None if record is None else _attach(state, record)


@dataclass(frozen=True, slots=True)
class _Record:
    ports: Ports
    children: dict[str, Child]


def _attach(state: Path, record: _Record) -> Stack:
    identities = {name: child.identity for name, child in record.children.items()}
    return Stack.attach(
        _servers_folder(state), record.ports, identities, jars=_jars(state), targets=_targets(state)
    )


def _stop(record: _Record) -> None:
    # from the record alone: it must work on a machine whose Java has been taken away
    with ThreadPoolExecutor(len(record.children) or 1) as waiting:
        list(
            waiting.map(
                lambda child: child.stop(_GRACE_SECONDS.get(child.name, 10.0)), record.children.values()
            )
        )
    seaweed.remove_sockets(record.ports)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One `up` or `down` at a time for a folder; the lock ends with its process."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "local.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _record(state: Path, stack: Stack) -> None:
    processes = {server.name: asdict(server.identity) for server in stack.servers if server.identity}
    _write(state / RECORD_FILE, json.dumps({"ports": asdict(stack.ports), "processes": processes}, indent=1))


def _read(state: Path) -> _Record | None:
    path = state / RECORD_FILE
    try:
        record = json.loads(path.read_text())
        children = {
            name: Child(name, Identity(**process), _servers_folder(state) / "logs" / f"{name}.log")
            for name, process in record["processes"].items()
        }
        return _Record(Ports(**record["ports"]), children)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(
            f"{path} is not a record of this version of Forebay ({type(error).__name__}). "
            "End the servers that it names by hand, then delete it."
        ) from error


def _forget(state: Path) -> None:
    (state / ENVIRONMENT_FILE).unlink(missing_ok=True)
    # last: until then another `down` can do the rest
    (state / RECORD_FILE).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    arriving = path.with_name(f"{path.name}.arriving")
    arriving.touch(mode=0o600)
    arriving.write_text(text)
    arriving.rename(path)


def _environment_text(stack: Stack) -> str:
    return "".join(f"{name}={value}\n" for name, value in stack.environment().items())


def _servers_folder(state: Path) -> Path:
    return state / "servers"


def _jars(state: Path) -> Path:
    return state / "jars"


def _targets(state: Path) -> Path:
    return state / "targets"
