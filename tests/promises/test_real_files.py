"""Real source files go through the whole pipeline with the counts that their description states."""

from collections import Counter
from contextlib import aclosing
from pathlib import Path

import pytest

from console.ledger_counts import ledger_rows
from console.local.stack import Stack
from producers.ledger import read_entry
from tests.promises.pipeline import pipeline

pytestmark = [pytest.mark.servers, pytest.mark.promise]

# Records of each file, and those that cannot be used, each reason with what is the matter.
FILES: dict[str, tuple[int, dict[str, int]]] = {
    # nobody answers in any of the twelve
    "beacon_nested_messages.json": (12, {"no_assistant_turn": 12}),
    "counselchat_2020.csv": (1899, {}),
    # five answers are HTML around nothing; two rows have neither a title nor a question
    "counselchat_data_html.csv": (1470, {"empty": 7}),
    "counselchat_personachat_nested.json": (85, {}),
    "emollm_alpaca_zh.json": (85, {}),
    "emollm_jsonl_named_json_zh.json": (319, {}),
    "emollm_xtuner_conversation_zh.json": (294, {}),
    "fmt_alpaca_general_en.json": (341, {}),
    "fmt_alpaca_placeholders.json": (91, {}),
    "fmt_dpo_sharegpt_en.json": (63, {}),
    # KTO's label is false in 41: replies not to be learned from
    "fmt_kto_messages_en.json": (95, {"unwanted_reply": 41}),
    "fmt_sharegpt_toolcall_en.json": (114, {}),
    "fmt_v1_dpo_content_blocks.jsonl": (10, {}),
    "fmt_v1_sft_content_blocks.jsonl": (337, {}),
    "medchat_templated.csv": (200, {}),
    "rows_heliosbrahma_human_assistant.jsonl": (1, {}),
    "rows_mentalchat16k_alpaca.jsonl": (2, {}),
}
# What screening turns away is its own affair: quality and language are policies of the pack.
SCREENED = {"low_quality", "language"}
# What gates and language take for a person to look at is taken before these are asked after.
AFTER_GATES = {"no_assistant_turn", "unwanted_reply"}


async def test_every_real_file_is_read_whole_and_each_refusal_has_its_reason(
    stack: Stack, shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "conversations"
    names = {path.name for path in folder.iterdir() if path.suffix in (".json", ".jsonl", ".csv")}
    assert names == set(FILES), "the folder holds other files than the table"
    with pipeline(stack, tmp_path) as flow:
        flow.put({f"drops/{name}": (folder / name).read_bytes() for name in sorted(names)})
        assert await flow.start("run", "--once").ended() == 0
        await flow.find_run()
        out = flow.output()
        out.check()
        entries = {}
        async with aclosing(ledger_rows(flow.settings)) as found:
            async for key, value in found:
                assert value is not None
                entry = read_entry(key, value)
                entries[entry.version.key.removeprefix("drops/")] = entry
        rows = out.lines["outcomes"]
        for name, (records, refused) in FILES.items():
            assert (entries[name].state, entries[name].records) == ("complete", records), name
            mine = [row for row in rows if row["key"] == f"drops/{name}"]
            assert len(mine) == records, name
            reasons = Counter(row["reason"] for row in mine if row["outcome"] == "rejected")
            taken = sum(row["outcome"] in {"crisis", "held"} for row in mine)
            assert {*reasons} - SCREENED == {*refused}, name
            for why, stated in refused.items():
                least = stated - taken if why in AFTER_GATES else stated
                assert least <= reasons[why] <= stated, (name, why)
        assert len(rows) == sum(records for records, _ in FILES.values())
        # one question has several answers and stands in two files: all of them share a split
        splits: dict[str, set[str]] = {}
        for row in out.lines["kept"]:
            splits.setdefault(row["metadata"]["group"], set()).add(row["metadata"]["split"])
        assert all(len(found) == 1 for found in splits.values())
