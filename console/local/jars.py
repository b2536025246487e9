"""Kafka's program files: fetched by Maven once, then reused."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

from console.local import toolchain
from console.local.server import Say
from console.local.unavailable import Unavailable

_LIST = "complete.json"
_FETCH_SECONDS = 900  # 44 MB: 8-20 s on a good line


def are_complete(jars: Path) -> bool:
    """Whether every file that the last complete fetch of today's pom.xml brought is there in full size."""
    try:
        listed = json.loads((jars / _LIST).read_text())
        return listed["pom"] == _pom_digest() and all(
            (jars / name).stat().st_size == size for name, size in listed["bytes"].items()
        )
    except (FileNotFoundError, ValueError, KeyError):
        return False


def fetch(jars: Path, say: Say) -> None:
    """Makes `jars` complete; does nothing when it is. Raises Unavailable with Maven's last words."""
    jars.parent.mkdir(parents=True, exist_ok=True)
    # one fetch at a time, for all processes that share the folder; the lock ends with its process
    with Path(f"{jars}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if are_complete(jars):
            return
        toolchain.require(with_jars=False)
        say("Fetching Kafka by Maven (44 MB, only this once)")
        arriving = Path(f"{jars}.arriving")
        shutil.rmtree(arriving, ignore_errors=True)  # of a fetch that was cut off
        arriving.mkdir()
        _maven(arriving)
        sizes = {jar.name: jar.stat().st_size for jar in sorted(arriving.glob("*.jar"))}
        (arriving / _LIST).write_text(json.dumps({"pom": _pom_digest(), "bytes": sizes}, indent=1))
        shutil.rmtree(jars, ignore_errors=True)
        # if we die before this line the folder is incomplete and the next start fetches anew
        arriving.rename(jars)


def _maven(into: Path) -> None:
    pom = into / "pom.xml"
    pom.write_bytes(_pom())
    command = [
        str(toolchain.maven()),
        "--quiet",
        "--batch-mode",
        f"--file={pom}",
        "dependency:copy-dependencies",
        f"-DoutputDirectory={into}",
        "-DincludeScope=runtime",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=into,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise Unavailable(
            f"Maven did not fetch Kafka within {_FETCH_SECONDS} s. {toolchain.OTHER_WAY}"
        ) from expired
    if done.returncode != 0 or not any(into.glob("kafka_*.jar")):
        said = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise Unavailable(f"Maven could not fetch Kafka. {toolchain.OTHER_WAY} Maven said:\n{said}")


def _pom() -> bytes:
    return (resources.files("console.local") / "pom.xml").read_bytes()


def _pom_digest() -> str:
    return hashlib.sha256(_pom()).hexdigest()


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """`python -m console.local.jars FOLDER`: checks the machine and fetches, so that later starts need not."""
    jars = Path(sys.argv[1]).absolute()
    try:
        toolchain.require(with_jars=are_complete(jars))
        fetch(jars, _tell)
    except Unavailable as unavailable:
        raise SystemExit(str(unavailable)) from None


if __name__ == "__main__":
    main()
