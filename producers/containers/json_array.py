"""JSON array: a file that is one list, of records or of one dialogue's turns; pretty-printed or not."""

from producers.containers.container import Container, Found, Sample
from producers.containers.json_outline import may_be_json, outline
from producers.containers.json_values import carry, open_values
from producers.containers.json_wrappers import is_bare_dialogue
from producers.containers.jsonl import are_lines


def _find(sample: Sample) -> Found | None:
    data = sample.data.lstrip()
    if not data.startswith(b"[") or not may_be_json(data) or are_lines(sample):
        return None
    shown = outline(data)
    holds_parts = any(type(item) is dict or type(item) is list for item in shown.value)
    # `[12] she says`, `["so"] they say`: brackets around words of a text
    is_text = shown.is_closed and not holds_parts and bool(data[shown.end :].strip())
    if is_text:
        return None
    return Found(carry=carry(elements=not is_bare_dialogue(shown.value), wrapped=False))


JSON_ARRAY = Container("json_array", _find, open_values)
