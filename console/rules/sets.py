"""Where the labelled sets of the package are: examples to train on, and test sets that stay out of training."""

from importlib import resources
from importlib.resources.abc import Traversable

import orjson

from streams.rules.labelled import Example, read_examples
from streams.rules.model import Kind

EXAMPLES, CALIBRATION, TEST = "examples", "calibration", "test"

Row = dict[str, object]


def labelled(kind: Kind, name: str) -> tuple[Example, ...]:
    """A gate's set by name. Raises BadPack where a line is not what it should be."""
    folder = _folder(kind) / name
    if not folder.is_dir():
        return ()
    return read_examples({file.name: file.read_bytes() for file in folder.iterdir()})


def rows(kind: Kind, name: str) -> list[Row]:
    """The lines of a test set that is one file: of EARS, categories or tags."""
    file = _folder(kind) / f"{name}.jsonl"
    return [orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip()]


def _folder(kind: Kind) -> Traversable:
    return resources.files("streams.rules") / kind.value
