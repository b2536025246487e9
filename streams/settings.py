"""Every setting there is, with its unit and default. Read from the environment in `console/environment.py`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from streams.topology import Preset

MIB = 1 << 20


def _bucket_url(value: str) -> str:
    bucket, _, prefix = value.removeprefix("s3://").partition("/")
    if not value.startswith("s3://") or not bucket:
        raise ValueError("must be s3://bucket or s3://bucket/prefix/, for example s3://chats/drops/")
    return f"s3://{bucket}/{prefix if not prefix or prefix.endswith('/') else prefix + '/'}"


BucketUrl = Annotated[str, AfterValidator(_bucket_url)]


def split_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of a checked `s3://bucket/prefix/` (the prefix may be empty)."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return bucket, prefix


class Settings(BaseModel):
    """One installation. The environment variable of `raw_backlog_bytes` is FOREBAY_RAW_BACKLOG_BYTES."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # What is read and where results go
    namespace: str = Field(
        "forebay",
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        description="First part of every topic, group, Redis key and id; two namespaces can share servers",
    )
    sources: tuple[BucketUrl, ...] = Field(
        (), description="Prefixes to read, separated by commas: s3://bucket/prefix/"
    )
    sources_file: str = Field(
        "", description="Catalogue of sources (sources.yaml), beside or instead of `sources`; empty: none"
    )
    person_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the hash that stands for a person, where a source names a `person` field; keep it",
    )
    output: BucketUrl = Field(
        "s3://forebay/forebay/", description="Where runs and their claims are written; one namespace each"
    )
    rules: str = Field(
        "", description="Folder of the rule pack for a new run; empty: the pack that ships with Forebay"
    )
    topology: Preset = Field(
        "fused", description="fused: one refine agent; staged: an agent and a topic for each stage"
    )
    sweep_seconds: float = Field(
        60, gt=0, le=86400, description="Seconds between two full listings of the sources"
    )

    # Servers
    kafka_bootstrap: str = Field(
        "127.0.0.1:9192", min_length=3, description="Kafka brokers, host:port separated by commas"
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka security protocol"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="Kafka SASL mechanism"
    )
    kafka_username: str = Field("", description="Kafka SASL user")
    kafka_password: SecretStr = Field(SecretStr(""), description="Kafka SASL password")
    kafka_ca_file: str = Field("", description="CA file for Kafka over TLS; empty: the system's")
    kafka_replication: int = Field(1, ge=1, le=9, description="Copies of each topic; 3 on a cluster")
    kafka_compression: Literal["none", "snappy", "zstd"] = Field(
        "none", description="Compression of topics; snappy or zstd where Kafka is across a network"
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis with Bloom filters: redis://… or rediss://… with user and password",
    )
    s3_endpoint: str = Field("", description="S3 endpoint URL; empty: AWS")
    s3_region: str = Field("us-east-1", description="S3 region")
    s3_path_style: bool = Field(False, description="Path-style addresses, as most S3-like stores need")
    s3_access_key: str = Field(
        "", description="S3 access key; empty: the usual AWS chain (environment, profile, role)"
    )
    s3_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key")
    s3_sse: Literal["", "AES256", "aws:kms"] = Field(
        "", description="Server-side encryption header of every PUT"
    )
    s3_kms_key: str = Field("", description="KMS key id when s3_sse is aws:kms")
    server_wait_seconds: float = Field(
        120, gt=0, description="How long a command waits for a server that does not answer at start"
    )

    # Topics (fixed when they are made)
    lanes: int = Field(
        4, ge=1, le=256, description="Partitions of drops and objects: fetchers that can work side by side"
    )
    partitions: int = Field(
        8,
        ge=1,
        le=999,
        description="Partitions of raw and decided: refine workers and sinks that can work side by side",
    )
    raw_retention_days: float = Field(30, gt=0, description="How long raw chunks can be replayed")
    raw_retention_bytes: int = Field(
        0, ge=0, description="Bytes of raw kept at most, over all partitions; 0: no cap but the days"
    )
    decided_retention_days: float = Field(
        3, gt=0, description="How long decided chunks are kept behind the claims"
    )

    # Intake
    open_objects: int = Field(8, ge=1, le=64, description="Objects that one lane reads side by side")
    chunk_bytes: int = Field(
        256 << 10, ge=1024, le=4 * MIB, description="Bytes of a chunk; a larger record stands alone"
    )
    chunk_records: int = Field(250, ge=1, le=10_000, description="Records of a chunk")
    chunk_wait_seconds: float = Field(
        1, gt=0, description="A part-filled chunk of small objects is sent after this time"
    )
    record_bytes: int = Field(MIB, ge=1024, le=4 * MIB, description="A larger record is refused: too_large")
    csv_field_bytes: int = Field(
        MIB, ge=1024, le=4 * MIB, description="A record with a larger CSV field is refused: too_large"
    )
    expansion: int = Field(
        250,
        ge=2,
        description="Plain bytes for a stored one, beyond 64 MiB; an object with more is refused: expansion",
    )
    plain_bytes: int = Field(
        1 << 40, ge=MIB, description="Plain bytes of a compressed object; one with more is refused: expansion"
    )
    members: int = Field(
        100_000, ge=1, description="Files in an archive; one with more is refused: too_many_members"
    )
    member_bytes: int = Field(
        64 * MIB,
        ge=MIB,
        description="Bytes of a Parquet file or zip inside an archive or compression, which is held in memory",
    )
    gather_bytes: int = Field(
        16 * MIB,
        ge=64 << 10,
        description="Bytes of rows that are held to gather dialogues; a dialogue that needs more is refused: too_large",
    )
    raw_backlog_bytes: int = Field(
        2 << 30, ge=MIB, description="Fetch pauses while refine is this far behind"
    )
    decided_backlog_bytes: int = Field(
        2 << 30, ge=MIB, description="Refine pauses while the sinks are this far behind"
    )

    # Refine and dedup
    expected_records: int = Field(1_000_000, ge=1000, description="Records a new run's filters are sized for")
    max_false_drops: float = Field(
        1.0, gt=0, description="Expected number of records wrongly called duplicates at that size"
    )
    workers: int = Field(0, ge=0, le=256, description="Refine processes of `forebay run`; 0: one per core")
    sinks: int = Field(1, ge=1, le=64, description="Sink processes of `forebay run`")
    window: int = Field(8, ge=1, le=64, description="Chunks in flight in a refine worker")
    step_error_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="A worker stops when this share of its last 1,000 records were step errors",
    )
    session_seconds: float = Field(
        10, ge=6, le=300, description="A worker silent for so long loses its partitions"
    )
    stall_seconds: float = Field(
        120, ge=5, description="A worker with work but no progress for so long ends itself and is restarted"
    )
    suspect_seconds: float = Field(
        60, gt=0, description="Time that one record may take when a suspect chunk is run apart"
    )

    # Sink
    cut_bytes: int = Field(
        16 * MIB, ge=64 << 10, description="Compressed bytes after which a partition's files are cut"
    )
    cut_seconds: float = Field(60, gt=0, description="Age after which a partition's files are cut")
    buffers_bytes: int = Field(
        128 * MIB, ge=MIB, description="Compressed bytes that a sink holds before it cuts early"
    )

    # This machine
    state: str = Field(
        ".forebay", min_length=1, description="Folder for local servers, worker state and scrape targets"
    )
    metrics_host: str = Field("127.0.0.1", description="Address that metrics are served on")
    metrics_port: int = Field(
        9310,
        ge=0,
        le=65000,
        description="Metrics port of the supervisor; its children take the next ones; 0: any free port",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = []
        out_bucket, out_prefix = split_url(self.output)
        for source in self.sources:
            bucket, prefix = split_url(source)
            if bucket == out_bucket and prefix.startswith(out_prefix):
                faults.append(f"sources: {source} lies in the output {self.output}; own output is never read")
        if self.kafka_security.startswith("SASL") and not self.kafka_username:
            faults.append("kafka_username: needed when kafka_security is SASL_…, for example forebay")
        if bool(self.s3_access_key) != bool(self.s3_secret_key.get_secret_value()):
            faults.append("s3_access_key and s3_secret_key: give both or neither")
        if self.s3_sse == "aws:kms" and not self.s3_kms_key:
            faults.append("s3_kms_key: needed when s3_sse is aws:kms, for example alias/forebay")
        if self.cut_bytes > self.buffers_bytes:
            faults.append("cut_bytes: must not exceed buffers_bytes")
        if faults:
            raise ValueError("; ".join(faults))
        return self
