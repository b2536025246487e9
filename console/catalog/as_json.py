"""A catalog as one JSON document: all of it, where the tables show the first rows."""

from typing import Any

import orjson
from rich.console import Console

from console.catalog.estimating import Estimate
from console.catalog.look import FolderSeen, Seen


def print_json(console: Console, document: dict[str, Any]) -> None:
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def whole_text(text: str) -> str:
    """A key as JSON may hold it: a file's name need not be text."""
    return text.encode("utf-8", "replace").decode()


def faults_of(seen: Seen) -> list[tuple[str, str, int, str]]:
    """What cannot be read, or not to its end: (folder, what, how many of the sampled, an example's key)."""
    found: dict[tuple[str, str], tuple[int, str]] = {}

    def add(folder: str, what: str, count: int, key: str) -> None:
        before, example = found.get((folder, what), (0, key))
        found[folder, what] = before + count, example

    for one in seen.folders:
        name = one.folder.name
        for sampled in one.samples:
            if sampled.reason or sampled.state in ("gone", "damaged", "refused"):
                why = " ".join(part for part in (sampled.reason, sampled.detail) if part)
                add(
                    name,
                    ": ".join(part for part in (sampled.state, why) if part and part != "found"),
                    1,
                    sampled.key,
                )
            elif not sampled.is_whole and not sampled.records:
                add(name, "no record ends in what was read", 1, sampled.key)
            for reason, count in sampled.members.items():
                add(name, f"in an archive: {reason}", count, sampled.key)
        if one.folder.empty:
            add(name, "refused: empty (all of the folder)", one.folder.empty, "")
        if one.folder.archived:
            add(name, "refused: archived (all of the folder)", one.folder.archived, "")
    return [(folder, what, count, example) for (folder, what), (count, example) in found.items()]


def catalog_json(seen: Seen) -> dict[str, Any]:
    """All of it; lists are whole here. Estimates are told by `is_exact: false`."""
    return {
        "place": whole_text(seen.place),
        "objects": seen.objects,
        "size_bytes": seen.size_bytes,
        **_estimate_json(seen.estimate),
        "ledger_was_asked": seen.ledger,
        "folders": [_folder_json(one) for one in seen.folders],
        "folders_in_all": seen.all_folders,
        "faults": [
            {
                "folder": whole_text(folder),
                "what": what,
                "count": count,
                "example": whole_text(example) or None,
            }
            for folder, what, count, example in faults_of(seen)
        ],
        "unknown_shapes": [
            {"fields": g.fields, "records": g.records, "objects": g.objects, "example": whole_text(g.example)}
            for g in seen.unfit
        ],
        "one_sided": [
            {
                "key": whole_text(one.key),
                "holds": one.side,
                "other": None if one.other is None else whole_text(one.other),
                "joined_by": [one.joined_by, one.other_joined_by] if one.other is not None else None,
            }
            for one in seen.one_sided
        ],
        "looked": {
            "list_calls": seen.asked.list_calls,
            "gets": seen.asked.reads,
            "get_bytes": seen.asked.read_bytes,
            "own_output_keys": seen.asked.own_output,
        },
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    return {"records": estimate.records, "is_exact": estimate.is_exact, "raw_bytes": estimate.raw_bytes}


def _folder_json(one: FolderSeen) -> dict[str, Any]:
    folder = one.folder
    return {
        "folder": whole_text(folder.name),
        "objects": folder.objects,
        "size_bytes": folder.size_bytes,
        "empty": folder.empty,
        "archived": folder.archived,
        "read_before": {"objects": folder.known_objects, "records": folder.known_records},
        **_estimate_json(one.estimate),
        "samples": [
            {
                "key": whole_text(sampled.key),
                "size_bytes": sampled.size_bytes,
                "state": sampled.state,
                "reason": sampled.reason or None,
                "detail": sampled.detail or None,
                "container": sampled.container or None,
                "compression": sampled.compression or None,
                "records_seen": sampled.records,
                "records_estimated": round(sampled.estimate),
                "records_known": sampled.known_records,
                "shapes": dict(sampled.shapes.most_common()),
                "reasons": dict(sampled.reasons.most_common()),
                "members_not_read": dict(sampled.members.most_common()),
            }
            for sampled in one.samples
        ],
    }
