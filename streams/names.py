"""What everything is called on the servers: topics, groups, transactional ids, Redis keys, S3 keys."""

from dataclasses import dataclass

SPLIT_DATASET = "kept"
DATASETS = ("kept", "crisis", "held", "duplicate", "rejected", "outcomes")


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one installation start with its namespace, so that two can share servers."""

    namespace: str

    @property
    def drops(self) -> str:
        return f"{self.namespace}.drops"

    @property
    def objects(self) -> str:
        return f"{self.namespace}.objects"

    @property
    def raw(self) -> str:
        return f"{self.namespace}.raw"

    def stage(self, topic: str, run: str) -> str:
        """A topic that belongs to one run: `decided`, and between the agents of `staged`."""
        return f"{self.namespace}.{topic}.{run}"

    def decided(self, run: str) -> str:
        return self.stage("decided", run)

    @property
    def fetch_group(self) -> str:
        return f"{self.namespace}-fetch"

    def agent_group(self, agent: str, run: str) -> str:
        return f"{self.namespace}-{agent}-{run}"

    def fetch_transaction(self, lane: int) -> str:
        return f"{self.namespace}-fetch-{lane}"

    def redis(self, run: str, what: str) -> str:
        """A Redis key; all keys of a run share a hash tag, so that one script reaches them all."""
        return f"{self.namespace}:{{{run}}}:{what}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a run's files lie, as keys below the output prefix (which ends in `/` or is empty)."""

    prefix: str

    @property
    def current(self) -> str:
        return f"{self.prefix}CURRENT.json"

    @property
    def probe(self) -> str:
        return f"{self.prefix}probe/"

    @property
    def runs(self) -> str:
        return f"{self.prefix}runs/"

    def run(self, run: str) -> str:
        return f"{self.prefix}runs/{run}/"

    def run_json(self, run: str) -> str:
        return f"{self.run(run)}run.json"

    def pack(self, run: str) -> str:
        return f"{self.run(run)}pack/"

    def claims(self, run: str, partition: int) -> str:
        return f"{self.run(run)}claims/p{partition:03d}/"

    def claim(self, run: str, partition: int, number: int) -> str:
        return f"{self.claims(run, partition)}{number:08d}.json"

    def file(self, run: str, dataset: str, split: str, partition: int, number: int) -> str:
        """The key of one file: it follows from the claimed range alone."""
        folder = f"{dataset}/split={split}" if split else dataset
        return f"{self.run(run)}{folder}/p{partition:03d}-{number:08d}.jsonl.gz"
