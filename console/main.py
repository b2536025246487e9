"""The `forebay` command: a long room, for it is the table of commands; what they do is in the room that each names.

Every error that a person can settle is one clear line.
Exit codes: 0 done · 1 a person must act · 2 a server does not answer: the same command can go through later ·
3 bad settings or rules · 4 done, but some objects could not be read · 64 wrong usage · 70 a fault in Forebay.
"""

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError
from rich.console import Console

from clients.errors import Fatal, RetryLater
from clients.logs import start_logging
from console.catalog.prices import RECORDS_PER_SECOND
from console.environment import BadSettings, read_settings
from console.local.unavailable import Unavailable
from console.rules.app import rules_app
from streams.rules.fields import BadPack
from streams.settings import Settings

# Read when numpy is imported, which every command does later, if at all. Nothing here multiplies large matrices, and the
# threads that wait for one cost each start of a worker half a second of processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FATAL, RETRY_LATER, BAD_SETTINGS, USAGE, FAULT = 1, 2, 3, 64, 70

PIPE_COLUMNS = 120

Answer = TypeVar("Answer")

app = typer.Typer(
    name="forebay",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Streams chat drops from S3 into a screened, de-duplicated, categorised and split dataset.",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
Place = Annotated[str, typer.Argument(help="A file, a folder, or s3://bucket/prefix.")]
Samples = Annotated[int, typer.Option(min=1, max=100, help="Objects of each folder that are looked into.")]
Rules = Annotated[str | None, typer.Option(help="Folder of the changed rule pack.")]


def say(text: str) -> None:
    """A line for the person who typed the command."""
    typer.echo(text)


def _console() -> Console:
    """What a person reads. In a pipe or a log there is no width to fit into: tables keep their lines whole."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)


def _run(work: Coroutine[Any, Any, Answer]) -> Answer | None:
    """Run a command's work; None when a signal ended it."""
    from console.told import until_told

    return asyncio.run(until_told(work))


@contextmanager
def _while_read() -> Iterator[None]:
    """Ends a command well when the reader of its output has seen enough (`forebay screen | head`)."""
    try:
        yield
    except BrokenPipeError:
        # what is still buffered goes nowhere, or the interpreter would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _quiet() -> None:
    # a person's command says itself what is wrong; libraries' retries would bury it
    logging.getLogger().addHandler(logging.NullHandler())


def _process_logs(settings: Settings) -> None:
    """JSON logs on stderr for processes; at a terminal only warnings, between the lines for the person."""
    start_logging("warning" if sys.stderr.isatty() and settings.log_level == "info" else settings.log_level)


@app.command()
def up() -> None:
    """Start Kafka, S3 and Redis (and Prometheus, where installed) on this machine; they stay until `down`."""
    from console.local import leave_running

    settings = read_settings()
    stack = leave_running.up(Path(settings.state), say=say)
    for line in stack.health():
        say(line)
    say(f"Their settings are in {settings.state}/{leave_running.ENVIRONMENT_FILE} and are used from here on.")


@app.command()
def down(
    remove_data: Annotated[bool, typer.Option("--remove-data", help="Delete what the servers hold.")] = False,
) -> None:
    """End the servers that `up` started, by their recorded processes."""
    from console.local import leave_running

    leave_running.down(Path(read_settings().state), remove_data=remove_data, say=say)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check every server and permission, and say what to do about each that fails."""
    from console.doctor import examine
    from console.doctor_view import doctor_json, doctor_table

    _quiet()
    found = _run(examine(read_settings())) or []
    if as_json:
        say(doctor_json(found))
    else:
        _console().print(doctor_table(found))
    if not all(one.is_well for one in found):
        raise typer.Exit(FATAL)


@app.command()
def topics() -> None:
    """Make the topics and the first run where they are missing; show partitions and retention."""
    from console.topics import topics_command

    settings = read_settings()
    _quiet()
    _console().print(_run(topics_command(settings, say)) or "")


@app.command()
def ingest(
    once: Annotated[bool, typer.Option("--once/--follow", help="One sweep, or sweep after sweep.")] = False,
) -> None:
    """Run the intake: sweep the sources, fetch, cut into chunks."""
    from console.work_command import ingest_command

    settings = read_settings()
    start_logging(settings.log_level)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(ingest_command(settings, once=once))
    raise typer.Exit(code)


@app.command()
def work(
    agent: Annotated[str, typer.Argument(help="refine, convert, … or sink: an agent of the topology.")],
    run: Annotated[str | None, typer.Option(help="The run to serve; the live one by default.")] = None,
) -> None:
    """Run one worker process of an agent."""
    from agents.work import work as work_agent  # Faust is slow to import: only its workers pay for it

    settings = read_settings()
    start_logging(settings.log_level)
    work_agent(settings, agent, run)


@app.command()
def run(
    once: Annotated[
        bool, typer.Option("--once/--follow", help="End when all that is there now is claimed, or serve on.")
    ] = False,
) -> None:
    """Run the whole pipeline under one supervisor."""
    from console.run_command import run_follow, run_once
    from console.told import alone

    settings = read_settings()
    _process_logs(settings)
    with alone(Path(settings.state), "run"):
        code = _run(run_once(settings, say) if once else run_follow(settings, say))
    if once and code is None:
        raise typer.Exit(130)
    raise typer.Exit(code or 0)


@app.command()
def demo() -> None:
    """Start everything on this machine, run 20,000 invented records through it, and show what came out."""
    from console.demo.show import show_demo

    raise typer.Exit(show_demo(read_settings(), _console(), keep=os.environ.get("KEEP") == "1"))


@app.command()
def status(
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every 2 s, with rates.")] = False,
) -> None:
    """Servers, objects, records by outcome, lag, processes."""
    import orjson

    from console.status import look, status_view
    from console.status import watch as watch_status

    settings = read_settings()
    _quiet()
    if watch:
        _run(watch_status(settings, _console()))
        return
    now = _run(look(settings))
    if now is None:
        raise typer.Exit(130)
    if as_json:
        say(orjson.dumps(now.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        _console().print(status_view(now))
    if any(server.fault for server in now.servers):
        raise typer.Exit(RETRY_LATER)


@app.command()
def screen(rules: Rules = None) -> None:
    """Records as JSON lines on stdin, what Forebay makes of each on stdout. Needs no server."""
    from clients.pack_cache import open_pack
    from clients.packs import pack_files
    from console.screen import screen as screen_lines

    settings = read_settings({"rules": rules})
    pack = open_pack(pack_files(settings.rules), Path(settings.state))
    with _while_read():
        screen_lines(sys.stdin.fileno(), sys.stdout.buffer, pack, settings.record_bytes)


@app.command("try")
def try_(
    place: Place,
    as_json: Annotated[
        bool, typer.Option("--json", help="The lines of `screen` instead of a summary.")
    ] = False,
    until: Annotated[str | None, typer.Option(help="Stop after this step: convert.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="Only so many records of each object; 0: all.")] = 0,
    rules: Rules = None,
) -> None:
    """What the pipeline would make of files, without a server and without changing anything."""
    from console.try_files import try_place

    settings = read_settings({"rules": rules})
    _quiet()
    with _while_read():
        code = _run(try_place(settings, place, _console(), as_json=as_json, until=until, sample=sample))
    raise typer.Exit(130 if code is None else code)


@app.command()
def sources(as_json: Json = False) -> None:
    """What was read of each source, what of it was rejected, its last drop, what its sweeps cost."""
    from console.sources_command import show_sources

    settings = read_settings()
    _quiet()
    _run(show_sources(settings, _console(), as_json=as_json))


@app.command()
def catalog(
    place: Place,
    as_json: Json = False,
    samples: Samples = 5,
) -> None:
    """What is in a bucket that nobody has tidied: containers, shapes, records by folder, from samples."""
    from console.catalog.view import catalog as show_catalog

    settings = read_settings()
    _quiet()
    with _while_read():
        _run(show_catalog(settings, place, _console(), as_json=as_json, samples=samples))


@app.command()
def plan(
    place: Place,
    as_json: Json = False,
    samples: Samples = 5,
    rate: Annotated[float, typer.Option(help="Records a second of the whole path.")] = RECORDS_PER_SECOND,
) -> None:
    """What reading a place would take: hours, Kafka's disk, Redis' memory, requests. Reads samples only."""
    from console.catalog.plan_view import plan as show_plan

    settings = read_settings()
    _quiet()
    with _while_read():
        _run(show_plan(settings, place, _console(), as_json=as_json, samples=samples, rate=rate))


@app.command()
def runs(as_json: Json = False) -> None:
    """Every run: its rules, live or beside, records by outcome, how far behind."""
    from console.runs_command import list_runs

    settings = read_settings()
    _quiet()
    _run(list_runs(settings, _console(), as_json=as_json))


@app.command()
def replay(rules: Rules = None) -> None:
    """Run changed rules over all that was read, beside the live run, and compare."""
    from console.replay import replay as replay_run
    from console.replay import with_rules
    from console.told import alone

    settings = with_rules(read_settings(), rules)
    _process_logs(settings)
    with alone(Path(settings.state), "replay"):
        done = _run(replay_run(settings, _console()))
    if done is None:
        say("Interrupted: the same command goes on from here")
        raise typer.Exit(130)


@app.command()
def promote(
    run: Annotated[str, typer.Argument(help="The run to make live: see `forebay runs`.")],
    within: Annotated[int, typer.Option(min=0, help="Messages that it may still be behind.")] = 0,
) -> None:
    """Make a run the live one. Roll-back: the run before, with --within N, for it stood still since."""
    from console.runs_command import promote_run

    settings = read_settings()
    _quiet()
    _run(promote_run(settings, run, within, say))


app.add_typer(rules_app, name="rules")

bench_app = typer.Typer(invoke_without_command=True)
app.add_typer(bench_app, name="bench")


@bench_app.callback()
def bench(
    context: typer.Context,
    records: Annotated[int, typer.Option(min=1000, help="Records of about 4.3 kB.")] = 100_000,
    large_mib: Annotated[int, typer.Option(min=0, help="Size of the one large object; 0: none.")] = 1024,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Measure speed and memory on this machine, beside the bare loop over the same steps; up to 6 minutes."""
    from console.bench.show import show_bench

    if context.invoked_subcommand is None:
        code = show_bench(
            read_settings(), _console(), records=records, large_mib=large_mib, json_file=json_file
        )
        raise typer.Exit(code)


@bench_app.command("steps")
def bench_steps() -> None:
    """What each step costs a record, and the scan by its parts. Needs no server."""
    from console.bench.show import show_steps

    show_steps(read_settings(), _console())


@bench_app.command("intake")
def bench_intake(
    records: Annotated[
        int, typer.Option(min=100, help="Records of about 4.3 kB in each container.")
    ] = 20_000,
    gib: Annotated[float, typer.Option(min=0, help="Plain size of the one large object; 0: none.")] = 1.0,
    keys: Annotated[int, typer.Option(min=1000, help="Keys that a sweep lists.")] = 1_000_000,
    objects: Annotated[int, typer.Option(min=100, help="Objects of one dialogue each.")] = 200_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all figures here.")] = None,
) -> None:
    """Measure reading in every container, memory, sweeps and small objects; some minutes at the defaults, ten with --gib 5."""
    from console.bench.intake import show_intake

    found = show_intake(
        read_settings(), _console(),
        records=records, gib=gib, keys=keys, objects=objects, json_file=json_file,
    )  # fmt: skip
    raise typer.Exit(found)


@app.command()
def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the README shows them.")] = False,
) -> None:
    """Every setting: its variable, default, unit and meaning."""
    from console.settings_table import settings_markdown, settings_view

    if markdown:
        typer.echo(settings_markdown(), nl=False)
    else:
        _console().print(settings_view())


def main() -> NoReturn:
    """Run the command and end the process with its code."""
    try:
        code = app(standalone_mode=False)
    except BadSettings as error:
        _fail("Settings:" if len(error.faults) > 1 else "Setting:", *error.faults)
        code = BAD_SETTINGS
    except BadPack as error:
        _fail("The rule pack cannot be used:", *error.faults)
        code = BAD_SETTINGS
    except (Fatal, Unavailable) as error:
        _fail(str(error))
        code = FATAL
    except RetryLater as error:
        _fail(str(error))
        code = RETRY_LATER
    except (KafkaError, RedisError) as error:
        # their texts can hold a key or a value: the type says enough
        server = "Kafka" if isinstance(error, KafkaError) else "Redis"
        _fail(f"{server} failed ({type(error).__name__}): `forebay doctor` looks at each server")
        code = RETRY_LATER
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except typer.TyperException as error:
        _fail(error.format_message(), "`forebay --help` shows the commands")
        code = USAGE
    except Exception as error:  # noqa: BLE001 - the last net: a fault of ours is told without a record's text
        _fail(f"Forebay has a fault: {type(error).__name__}")
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
        code = FAULT
    sys.exit(code if isinstance(code, int) else 0)


def _fail(first: str, *more: str) -> None:
    """Lines for a person; one event of the log in a process that is started by another."""
    if sys.argv[1:2] in (["ingest"], ["work"]):
        logging.getLogger("console.main").critical(" ".join((first, *more)))
    else:
        sys.stderr.write("\n  ".join((first, *more)) + "\n")


if __name__ == "__main__":
    main()
