"""What the dashboard shows, one row a panel, in the order of the flow. Long because it is one table of data."""

from dataclasses import dataclass
from typing import Literal

# Replaced by Grafana with a window of at least four scrapes; `dashboards.expressions` fills it in itself.
WINDOW = "$__rate_interval"
# Claims come about once a minute and partition: a shorter window is empty most of the time.
CLAIM_WINDOW = "5m"

RECEIVED = "forebay_received_records_total"
OUTCOMES = "forebay_outcome_records_total"

Kind = Literal["stat", "lines", "stack"]


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression. `legend` is a fixed text or holds {{label}} of a label the expression keeps."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `unit` is Grafana's id of a unit. `red_from`: a stat turns red from this value on."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "lines"
    red_from: float | None = None
    decimals: int | None = None


def rate(metric: str, by: str, window: str = WINDOW) -> str:
    """Per second, by one label."""
    return f"sum by ({by}) (rate({metric}[{window}]))"


def or_none(expr: str, label: str) -> str:
    """`expr`, or a zero named "none" while it has no series.

    A counter with labels has no series before its first event. The zero comes from a counter that every
    process serves, so that "nothing happened" and "nothing is scraped" look different.
    """
    return f'{expr} or on() label_replace(0 * sum({RECEIVED}), "{label}", "none", "", "")'


def quantiles(histogram: str, window: str) -> tuple[Query, ...]:
    """Median, 95th and 99th of a histogram in seconds."""
    return tuple(
        Query(f"histogram_quantile({q}, sum by (le) (rate({histogram}_bucket[{window}])))", legend)
        for q, legend in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    )


def _outcome(name: str) -> str:
    return f'sum({OUTCOMES}{{outcome="{name}"}}) or 0 * sum({RECEIVED})'


def _outcome_stat(title: str, name: str, description: str) -> Panel:
    since = "Counted since the running workers started."
    return Panel(title, f"{description} {since}", "short", (Query(_outcome(name), name),), "stat")


# Per process, and as absolute values: one process short by ten does not cancel another with ten too many.
LAW = f"sum(abs(sum by (instance) ({RECEIVED}) - (sum by (instance) ({OUTCOMES}) or 0 * sum by (instance) ({RECEIVED}))))"
# A partition that changes hands is served by two processes for a moment; it counts once.
LAG = "sum by (agent) (max by (agent, partition) (forebay_lag_messages))"

TOP: tuple[Panel, ...] = (
    Panel(
        "Records in",
        "Records that the deciding workers take from Kafka each second.",
        "recps",
        (Query(f"sum(rate({RECEIVED}[{WINDOW}]))", "received"),),
        "stat",
    ),
    Panel(
        "Kept share",
        "Part of the received records that went into the kept set, since the running workers started.",
        "percentunit",
        (Query(f"({_outcome('kept')}) / (sum({RECEIVED}) > 0)", "kept"),),
        "stat",
        decimals=1,
    ),
    _outcome_stat("Crisis", "crisis", "Records in which a person may be in danger; kept apart for people."),
    _outcome_stat("Held", "held", "Records that a person has to look at before they may be used."),
    _outcome_stat("Duplicate", "duplicate", "Exact and near copies of a record that was kept."),
    _outcome_stat("Rejected", "rejected", "Records with nothing to read or below the floor of quality."),
    Panel(
        "Law check",
        "Received minus kept, crisis, held, duplicate and rejected, process by process. Must be 0: anything "
        "else is a record without an outcome, or with two.",
        "short",
        (Query(LAW, "unaccounted"),),
        "stat",
        red_from=1,
    ),
    Panel(
        "Behind",
        "Messages that are in a topic and not yet acknowledged, over all agents.",
        "short",
        (Query("sum(max by (agent, partition) (forebay_lag_messages))", "messages"),),
        "stat",
    ),
)

INTAKE: tuple[Panel, ...] = (
    Panel(
        "Fetched records",
        "Records committed to the raw topic, by the container they came in; refused ones included as stubs.",
        "recps",
        (Query(or_none(rate("forebay_fetched_records_total", "container"), "container"), "{{container}}"),),
        "stack",
    ),
    Panel(
        "Fetched bytes",
        "Bytes of raw chunks committed to Kafka each second.",
        "binBps",
        (Query(f"sum(rate(forebay_fetched_bytes_total[{WINDOW}]))", "bytes"),),
    ),
    Panel(
        "Objects by state",
        "Object versions that reached each state since the fetchers started. An object passes found and reading "
        "on its way to complete, damaged, refused, superseded or gone.",
        "short",
        (Query(or_none("sum by (state) (forebay_objects_total)", "state"), "{{state}}"),),
    ),
    Panel(
        "Being read",
        "Objects open now, and Kafka transactions of fetch each second.",
        "short",
        (
            Query("sum(forebay_objects_open)", "objects open"),
            Query(f"sum(rate(forebay_fetch_transactions_total[{WINDOW}]))", "transactions a second"),
        ),
    ),
    Panel(
        "Refused and repaired records",
        "Records that intake refused, by reason, and records read as Windows-1252 for want of valid UTF-8; since "
        "the fetchers started.",
        "short",
        (
            Query(or_none("sum by (reason) (forebay_refused_records_total)", "reason"), "{{reason}}"),
            Query("sum(forebay_repaired_records_total)", "repaired"),
        ),
    ),
    Panel(
        "Members of archives unread",
        "Files within zip and tar that were refused or damaged, by reason; the rest of their archive was read. "
        "Since the fetchers started.",
        "short",
        (Query(or_none("sum by (reason) (forebay_members_unread_total)", "reason"), "{{reason}}"),),
    ),
    Panel(
        "Sweeps",
        "Full listings of the sources that ended, and the LIST requests they cost, an hour.",
        "short",
        (
            Query(f"3600 * sum(rate(forebay_sweeps_total[{CLAIM_WINDOW}]))", "sweeps an hour"),
            Query(f"3600 * sum(rate(forebay_list_calls_total[{CLAIM_WINDOW}]))", "LIST calls an hour"),
        ),
    ),
    Panel(
        "Bucket events",
        "What became of the events in the sources' queues, and how often a queue refused to be read, since the "
        "fetchers started.",
        "short",
        (
            Query(or_none("sum by (outcome) (forebay_bucket_events_total)", "outcome"), "{{outcome}}"),
            Query("sum(forebay_queue_refusals_total)", "queue refused"),
        ),
    ),
)

REFINE: tuple[Panel, ...] = (
    Panel(
        "Lag by agent",
        "Messages between what an agent has acknowledged and the end of its topic.",
        "short",
        (Query(or_none(LAG, "agent"), "{{agent}}"),),
    ),
    Panel(
        "Outcomes",
        "Records by outcome. The height of the stack is the rate of records received.",
        "recps",
        (Query(or_none(rate(OUTCOMES, "outcome"), "outcome"), "{{outcome}}"),),
        "stack",
    ),
    Panel(
        "Step time a record",
        "Processor time of each step, divided by the records received. A gap means that nothing was received.",
        "s",
        (
            Query(
                or_none(
                    f"{rate('forebay_step_seconds_total', 'step')} / on() group_left() "
                    f"sum(rate({RECEIVED}[{WINDOW}]))",
                    "step",
                ),
                "{{step}}",
            ),
        ),
        "stack",
    ),
    Panel(
        "Step errors and suspects",
        "Records on which a step raised (each is held, none is lost), chunks run apart because they ended a worker "
        "twice, and messages that no Forebay wrote; since the workers started.",
        "short",
        (
            Query(or_none("sum by (step) (forebay_step_errors_total)", "step"), "{{step}}"),
            Query("sum(forebay_suspect_chunks_total)", "suspect chunks"),
            Query(or_none("sum by (agent) (forebay_bad_envelopes_total)", "agent"), "not a chunk: {{agent}}"),
        ),
    ),
    Panel(
        "Held and rejected by reason",
        "Why records were held or rejected, since the workers started.",
        "short",
        (
            Query(
                or_none(f'sum by (outcome, reason) ({OUTCOMES}{{outcome=~"held|rejected"}})', "outcome"),
                "{{outcome}}: {{reason}}",
            ),
        ),
    ),
    Panel(
        "Dedup call",
        "Time of one question to Redis, which is one chunk.",
        "s",
        quantiles("forebay_redis_seconds", WINDOW),
    ),
)

SINK: tuple[Panel, ...] = (
    Panel(
        "Claimed records",
        "Records in claimed files, by dataset; averaged over five minutes, because claims come in steps.",
        "recps",
        (
            Query(
                or_none(rate("forebay_claimed_records_total", "dataset", CLAIM_WINDOW), "dataset"),
                "{{dataset}}",
            ),
        ),
        "stack",
    ),
    Panel(
        "Written bytes",
        "Compressed bytes written to S3 each second, averaged over five minutes.",
        "binBps",
        (Query(f"sum(rate(forebay_written_bytes_total[{CLAIM_WINDOW}]))", "bytes"),),
    ),
    Panel(
        "Claim latency",
        "From the arrival of a decided chunk at the broker to the claim that holds it. Includes the wait for the cut.",
        "s",
        quantiles("forebay_claim_latency_seconds", CLAIM_WINDOW),
    ),
    Panel(
        "Buffered bytes",
        "Compressed bytes that the sinks hold and have not claimed yet, by process.",
        "bytes",
        (Query("sum by (process) (forebay_buffered_bytes)", "{{process}}"),),
    ),
    Panel(
        "Claims by how",
        "Claims written, adopted from another writer or lost to one, since the sinks started.",
        "short",
        (Query(or_none("sum by (how) (forebay_claims_total)", "how"), "{{how}}"),),
    ),
    Panel(
        "Redelivered chunks and open gaps",
        "Decided chunks that came again and were dropped, since the sinks started; and partitions where a chunk is "
        "missing and awaited, now. A gap must close within two minutes.",
        "short",
        (
            Query("sum(forebay_redelivered_chunks_total)", "redelivered chunks"),
            Query("sum(forebay_open_gaps)", "open gaps"),
        ),
    ),
)

HEALTH: tuple[Panel, ...] = (
    Panel(
        "Waiting for servers",
        "Processes that wait for a server now, by server. They go on by themselves when it answers.",
        "short",
        (Query(or_none("sum by (server) (forebay_server_waiting)", "server"), "{{server}}"),),
    ),
    Panel(
        "Waiting for a slower neighbour",
        "Part of the time that an agent paused because the next one is too far behind.",
        "percentunit",
        (Query(or_none(rate("forebay_paused_seconds_total", "agent"), "agent"), "{{agent}}"),),
    ),
    Panel(
        "Chunks by agent",
        "Chunks that each agent acknowledged, a second.",
        "cps",
        (Query(or_none(rate("forebay_chunks_total", "agent"), "agent"), "{{agent}}"),),
    ),
    Panel(
        "Children and restarts",
        "Children of the supervisor that are running now, and how often it started one again.",
        "short",
        (
            Query(or_none("sum by (child) (forebay_children)", "child"), "{{child}} running"),
            Query(or_none("sum by (child) (forebay_restarts_total)", "child"), "{{child}} restarts"),
        ),
    ),
)

# The three columns of the flow, left to right, each with the heading that stands above it.
COLUMNS: tuple[tuple[str, str, tuple[Panel, ...]], ...] = (
    ("Intake", "S3 drops are found, read and cut into raw chunks.", INTAKE),
    ("Refine", "Each record gets its facts and its one outcome.", REFINE),
    ("Sink", "Decided records are cut into claimed files in S3.", SINK),
)
