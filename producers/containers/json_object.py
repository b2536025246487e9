"""JSON object: a file of one record, of a wrapper around records, or of JSON values one after another."""

from producers.containers.container import Container, Found, Sample
from producers.containers.json_outline import may_be_json, outline
from producers.containers.json_values import carry, open_values
from producers.containers.json_wrappers import is_wrapper
from producers.containers.jsonl import are_lines


def _find(sample: Sample) -> Found | None:
    data = sample.data.lstrip()
    if not data.startswith(b"{") or not may_be_json(data) or are_lines(sample):
        return None
    return Found(carry=carry(elements=False, wrapped=is_wrapper(outline(data).value)))


JSON_OBJECT = Container("json_object", _find, open_values)
