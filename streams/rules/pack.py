"""Reads a rule pack from the bytes of its files, and refuses it with all of its faults at once."""

import hashlib
from collections.abc import Mapping

import hyperscan

from streams.rules.database import compile_rules, dump, is_made_of, stamp_of, unfit, unproven
from streams.rules.examples import failing
from streams.rules.fields import BadPack
from streams.rules.model import Pack
from streams.rules.pack_reader import gather

__all__ = ["BadPack", "Pack", "read_pack"]


def digest_of(files: Mapping[str, bytes]) -> str:
    """sha256 hex over the sorted file names and bytes, each with its length before it."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for piece in (name.encode(), files[name]):
            whole.update(len(piece).to_bytes(8, "big"))
            whole.update(piece)
    return whole.hexdigest()


def read_pack(files: Mapping[str, bytes], database: bytes | None = None) -> Pack:
    """The pack in `files` (relative name → bytes of each YAML and model file), its examples proven.

    `database` is an earlier `Pack.database_bytes()`; one that does not fit is not used. Raises BadPack with
    every fault that can be told: examples are run only once all the rest is right.
    """
    reader = gather(files)
    rules = tuple(reader.rules)
    if not rules:
        reader.faults.append("no rules")
    if not is_made_of(database, rules):
        reader.faults.extend(fault for rule in rules if (fault := unproven(rule)))
    compiled = None
    if not reader.faults and all(rule.expression or rule.lists_names for rule in rules):
        try:
            compiled = compile_rules(rules, database)
        except hyperscan.error:
            reader.faults.extend(fault for rule in rules if (fault := unfit(rule)))
    if reader.faults or compiled is None or reader.policy is None:
        raise BadPack(reader.faults or ["the patterns do not compile together"])
    pack = Pack(
        version=reader.version,
        digest=digest_of(files),
        changelog=reader.changelog,
        policy=reader.policy,
        rules=rules,
        labels=reader.labels,
        sources=reader.sources,
        hotlines=reader.hotlines,
        models=reader.models,
        words=reader.words,
        names=reader.names,
        databases=compiled,
        stored=stamp_of(rules) + dump(compiled),
    )
    faults = tuple(failing(pack))
    if faults:
        raise BadPack(faults)
    return pack
