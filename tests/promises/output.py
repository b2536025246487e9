"""Reads a run's output back from S3 as a reader would: plain boto3 and gzip, no code under test."""

import gzip
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header

DATASETS = ("kept", "crisis", "held", "duplicate", "rejected", "outcomes")


def s3_of(environment: dict[str, str]) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=environment["FOREBAY_S3_ENDPOINT"],
        aws_access_key_id=environment["FOREBAY_S3_ACCESS_KEY"],
        aws_secret_access_key=environment["FOREBAY_S3_SECRET_KEY"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    # urllib3 stumbles now and then over the local store's answer to it, and waits a minute before it tries again
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


@dataclass
class Output:
    """Every line of a run by dataset, and what the claims say of the same."""

    lines: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in DATASETS})
    splits: Counter[str] = field(default_factory=Counter)
    globbed: set[str] = field(default_factory=set)
    claimed: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: int = 0
    raw: dict[str, bytes] = field(default_factory=dict)

    def hashes(self, *datasets: str) -> list[str]:
        return sorted(row["metadata"]["content_hash"] for name in datasets for row in self.lines[name])

    def fates(self) -> dict[str, int]:
        return {name: len(self.lines[name]) for name in DATASETS if name != "outcomes"}

    def check(self) -> None:
        """What every output must be, whatever happened on the way."""
        assert self.globbed == set(self.claimed), "files and claims name different files"
        for key, claimed in self.claimed.items():
            body = self.raw[key]
            assert hashlib.sha256(body).hexdigest() == claimed["sha256"], f"{key} is not what its claim says"
            assert body.count(b"\n") == claimed["records"]
        ids = [row["id"] for name in DATASETS[:-1] for row in self.lines[name]]
        assert len(ids) == len(set(ids)), "a record is there twice"
        assert sorted(ids) == sorted(row["id"] for row in self.lines["outcomes"])
        kept = self.hashes("kept")
        assert len(kept) == len(set(kept)), "a content is kept twice"


def read_output(s3: Any, bucket: str, run_prefix: str) -> Output:
    """`run_prefix` is the run's folder, with its slash."""
    out = Output()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=run_prefix)
    for key in [item["Key"] for page in pages for item in page.get("Contents", ())]:
        name = key.removeprefix(run_prefix)
        dataset = name.split("/", 1)[0]
        if dataset == "claims":
            claim = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            out.claims += 1
            for file in claim["files"]:
                assert file["key"] not in out.claimed, "two claims name one file"
                out.claimed[file["key"]] = file
        elif dataset in DATASETS:
            body = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            out.globbed.add(name)
            out.raw[name] = body
            rows = [json.loads(line) for line in body.splitlines()]
            out.lines[dataset] += rows
            if dataset == "kept":
                out.splits[name.split("/")[1].removeprefix("split=")] += len(rows)
    return out
