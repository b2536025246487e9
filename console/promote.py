"""`forebay promote RUN`: make a run the live one, once it has caught up.

Roll-back is the same call with `--within N`: the old run stood still since, and works the rest off.
"""

from clients.errors import Fatal
from clients.runs import RunStore, check_behaviour
from console.lag import lags
from console.make_run import now_utc
from streams.runs import Current
from streams.settings import Settings


async def promote(settings: Settings, store: RunStore, name: str, *, within: int = 0) -> Current:
    """Flip CURRENT.json to the run. A running `forebay run` serves it within about 5 s.

    `within`: messages that each of its agents may still be behind. Raises Fatal, naming the agent, when it is
    farther behind; when there is no such run; when someone else flipped CURRENT.json meanwhile. One PUT
    decides: a death before it changes nothing, one after it has promoted.
    """
    run = await store.get(name)
    if run is None:
        known = ", ".join(one.run for one in await store.all()) or "none"
        raise Fatal(f"no run {name} below {settings.output}: there are {known}")
    check_behaviour(run)
    behind = [
        f"{one.agent} by {one.behind:,}"
        for one in (await lags(settings, run)).values()
        if one.behind > within
    ]
    if behind:
        raise Fatal(
            f"run {name} has not caught up: {', '.join(behind)} messages; `forebay replay` with its rules goes on "
            "with it, `--within N` promotes it N messages behind (nothing is lost: `forebay run` works them off)"
        )
    return await store.promote(name, now_utc())
