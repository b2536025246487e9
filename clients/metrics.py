"""Every metric there is: name, help, labels. Base units; no text and no ids in labels."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from streams.outcomes import OUTCOMES

REGISTRY = CollectorRegistry(auto_describe=True)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# --- intake -----------------------------------------------------------------------------------------
SWEEPS = Counter("forebay_sweeps", "Full listings of the sources that ended.", registry=REGISTRY)
LIST_CALLS = Counter("forebay_list_calls", "LIST requests made to S3.", registry=REGISTRY)
EVENTS = Counter(
    "forebay_bucket_events", "Bucket events by what became of them.", ["kind", "outcome"], registry=REGISTRY
)
QUEUE_REFUSALS = Counter(
    "forebay_queue_refusals",
    "Times that a queue of bucket events was missing or refused us.",
    registry=REGISTRY,
)
OBJECTS = Counter(
    "forebay_objects", "Object versions that reached a state.", ["state", "reason"], registry=REGISTRY
)
OBJECTS_OPEN = Gauge("forebay_objects_open", "Objects being read now.", registry=REGISTRY)
FETCHED_RECORDS = Counter(
    "forebay_fetched_records", "Records committed to raw, stubs included.", ["container"], registry=REGISTRY
)
FETCHED_BYTES = Counter("forebay_fetched_bytes", "Bytes of raw chunks committed.", registry=REGISTRY)
REFUSED_RECORDS = Counter(
    "forebay_refused_records", "Records that intake refused and counted.", ["reason"], registry=REGISTRY
)
MEMBERS_UNREAD = Counter(
    "forebay_members_unread",
    "Files in archives that were refused or damaged; the rest of their archive was read.",
    ["state", "reason"],
    registry=REGISTRY,
)
REPAIRED_RECORDS = Counter(
    "forebay_repaired_records", "Records read as Windows-1252 for want of valid UTF-8.", registry=REGISTRY
)
FETCH_TRANSACTIONS = Counter(
    "forebay_fetch_transactions", "Kafka transactions committed by fetch.", registry=REGISTRY
)
PAUSED_SECONDS = Counter(
    "forebay_paused_seconds", "Time spent waiting for a slower neighbour.", ["agent"], registry=REGISTRY
)

# --- refine -----------------------------------------------------------------------------------------
CHUNKS = Counter("forebay_chunks", "Chunks acknowledged by an agent.", ["agent"], registry=REGISTRY)
RECEIVED = Counter("forebay_received_records", "Records received by the deciding agent.", registry=REGISTRY)
OUTCOME_RECORDS = Counter(
    "forebay_outcome_records", "Records by outcome and reason.", ["outcome", "reason"], registry=REGISTRY
)
STEP_SECONDS = Counter("forebay_step_seconds", "Processor time spent in a step.", ["step"], registry=REGISTRY)
STEP_ERRORS = Counter("forebay_step_errors", "Records on which a step raised.", ["step"], registry=REGISTRY)
BAD_ENVELOPES = Counter(
    "forebay_bad_envelopes",
    "Messages that no Forebay wrote: passed on as empty chunks.",
    ["agent"],
    registry=REGISTRY,
)
SUSPECT_CHUNKS = Counter(
    "forebay_suspect_chunks", "Chunks run apart because they ended a worker twice.", registry=REGISTRY
)
REDIS_SECONDS = Histogram(
    "forebay_redis_seconds", "Time of one dedup call.", buckets=_SECONDS, registry=REGISTRY
)

# --- sink -------------------------------------------------------------------------------------------
CLAIMS = Counter(
    "forebay_claims", "Claims written, adopted or lost to another writer.", ["how"], registry=REGISTRY
)
CLAIMED_RECORDS = Counter(
    "forebay_claimed_records", "Records in claimed files by dataset.", ["dataset"], registry=REGISTRY
)
WRITTEN_BYTES = Counter("forebay_written_bytes", "Compressed bytes written to S3.", registry=REGISTRY)
REDELIVERED = Counter(
    "forebay_redelivered_chunks", "Decided chunks dropped because they came again.", registry=REGISTRY
)
GAPS = Gauge("forebay_open_gaps", "Partitions where a chunk is missing and awaited.", registry=REGISTRY)
BUFFERED_BYTES = Gauge("forebay_buffered_bytes", "Compressed bytes a sink holds.", registry=REGISTRY)
CLAIM_LATENCY = Histogram(
    "forebay_claim_latency_seconds",
    "From the arrival of a decided chunk, by the broker's clock, to its claim.",
    buckets=(1, 2, 5, 10, 30, 60, 90, 120, 300, 900, 3600),
    registry=REGISTRY,
)

# --- every process ----------------------------------------------------------------------------------
LAG = Gauge(
    "forebay_lag_messages",
    "Messages between what is acknowledged and the end.",
    ["agent", "partition"],
    registry=REGISTRY,
)
SERVER_WAITING = Gauge(
    "forebay_server_waiting", "1 while waiting for a server.", ["server"], registry=REGISTRY
)
RESTARTS = Counter(
    "forebay_restarts", "Children that the supervisor started again.", ["child"], registry=REGISTRY
)
CHILDREN = Gauge(
    "forebay_children", "Children of the supervisor that are running.", ["child"], registry=REGISTRY
)


def count_outcomes(counts: Iterable[tuple[str, str | None, int]]) -> None:
    """Add (outcome, reason, records). Together with RECEIVED this is the law that dashboards check."""
    for outcome, reason, records in counts:
        assert outcome in OUTCOMES
        OUTCOME_RECORDS.labels(outcome, reason or "").inc(records)


def serve_metrics(host: str, port: int) -> int:
    """Serve this process' metrics over HTTP; returns the port (a free one when `port` is 0)."""
    server, _ = start_http_server(port, addr=host, registry=REGISTRY)
    return int(server.server_port)
