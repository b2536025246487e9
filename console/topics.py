"""`forebay topics`: makes what is missing and shows what there is."""

from rich.table import Table

from clients.kafka import extent
from clients.runs import run_store
from clients.s3 import s3_client
from clients.topics import DAY_MS, Topic, create_topics, intake_topics
from clients.topics import run_topics as topics_of_run
from console.make_run import first_run
from console.servers import Say, wait_for_servers
from streams.settings import Settings
from streams.topology import PRESETS


async def topics_command(settings: Settings, say: Say) -> Table:
    """The topics of intake and of the live run, which is made where there is none.

    Raises Fatal where a topic exists with other partitions.
    """
    await wait_for_servers(settings, say)
    wanted: list[Topic] = list(intake_topics(settings))
    made = await create_topics(settings, wanted)
    async with s3_client(settings) as client:
        store = run_store(client, settings)
        current = await store.current()
        if current is None:
            # workers that no supervisor starts (Compose, a cluster) need a run before them
            made_run = await first_run(settings, store)
            say(f"Made the first run, {made_run.run}")
        run = made_run if current is None else await store.get(current.run)
    if run is not None:
        written = [agent.writes for agent in PRESETS[settings.topology]]
        wanted += topics_of_run(settings, run.run, written, run.partitions)
    made += await create_topics(settings, wanted)
    table = Table(title="Topics", title_justify="left")
    for column in ("topic", "partitions", "kept", "offsets", ""):
        table.add_column(column, justify="right" if column in ("partitions", "offsets") else "left")
    for topic in wanted:
        found = await extent(settings, topic.name, topic.partitions)
        kept = topic.config.get("retention.ms")
        table.add_row(
            topic.name,
            str(topic.partitions),
            "the last of each key" if kept is None else f"{int(kept) / DAY_MS:g} days",
            f"{sum(found.ends) - sum(found.starts):,}",
            "made now" if topic.name in made else "",
        )
    return table
