"""`forebay runs` and `forebay promote`: what a person types, around the runs in S3."""

import orjson
from rich.console import Console

from clients.runs import run_store
from clients.s3 import s3_client
from console.promote import promote
from console.runs import run_states, runs_table
from console.servers import Say
from streams.settings import Settings


async def list_runs(settings: Settings, console: Console, *, as_json: bool) -> None:
    async with s3_client(settings) as client:
        states = await run_states(settings, run_store(client, settings))
    if as_json:
        rows = [
            {
                "run": one.run.run,
                "state": one.state,
                "rules": one.run.pack_version,
                "created_at_utc": one.run.created_at_utc,
                "outcomes": one.tally.outcomes(),
                "records": one.tally.committed,
                "claims": one.tally.claims,
                "law_holds": one.tally.law_holds(),
                "behind_messages": one.behind,
            }
            for one in states
        ]
        console.print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode(), markup=False, soft_wrap=True)
    elif states:
        console.print(runs_table(states))
    else:
        console.print("No run yet: `forebay run` makes the first one.")


async def promote_run(settings: Settings, run: str, within: int, say: Say) -> None:
    async with s3_client(settings) as client:
        current = await promote(settings, run_store(client, settings), run, within=within)
    say(f"Live: {current.run}")
    if current.previous:
        say(f"Roll back with: forebay promote {current.previous}")
