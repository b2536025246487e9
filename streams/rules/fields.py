"""Reads YAML rows into checked fields and gathers every fault, so that all of them are told at once."""

from collections.abc import Collection, Iterable, Mapping

import yaml

SUFFIX = ".npz"  # of a pack's files of trained weights: here, where who only carries them loads none


class BadPack(ValueError):
    """A pack that cannot be used. `faults` names each one by file and row, never by an example's text."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class _Loader(yaml.CSafeLoader):
    """YAML's safe subset, where a key that is written twice is a fault and not a silent loss."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(data: bytes) -> object:
    """The document in a YAML file. Raises ValueError with the place of the fault."""
    try:
        return yaml.load(data, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ValueError(f"line {line}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(type(error).__name__) from None


class Fields:
    """One mapping of a file with the faults found in it. Each getter takes a key; `close` finds the rest."""

    def __init__(self, row: object, place: str, faults: list[str]) -> None:
        self.place = place
        self._faults = faults
        self._row: dict[str, object] = {}
        self._taken: set[str] = set()
        if isinstance(row, Mapping):
            self._row = {str(key): value for key, value in row.items()}
        else:
            self.fault("is not a mapping")

    def fault(self, what: str) -> None:
        self._faults.append(f"{self.place}: {what}")

    def has(self, key: str) -> bool:
        return key in self._row

    def _take(self, key: str) -> object:
        self._taken.add(key)
        return self._row.get(key)

    def text(self, key: str, default: str | None = None, among: Collection[str] = ()) -> str:
        """A non-blank text; where `among` is given, one of it. A fault (and "") where it is not."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{key} must be a text")
            return ""
        if among and value not in among:
            self.fault(f"{key} must be one of {', '.join(sorted(among))}")
            return ""
        return value.strip()

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self._take(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.fault(f"{key} must be a number from {low:g} to {high:g}")
            return low
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(f"{key} must be true or false")
            return default
        return value

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """A list of texts; empty where the key is not there, which is a fault if `needed`."""
        value = self._take(key)
        if value is None:
            value = []
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.fault(f"{key} must be a list of texts")
            return ()
        if needed and not value:
            self.fault(f"{key} must not be empty")
        return tuple(value)

    def rows(self, key: str) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            self.fault(f"{key} must be a list")
            return []
        return value

    def table(self, key: str) -> dict[str, object]:
        """A mapping from names to values; empty where the key is not there."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            self.fault(f"{key} must map names to values")
            return {}
        return dict(value)

    def close(self) -> None:
        """Every key that nobody asked for is a fault: a misspelt key must not be a silent default."""
        for key in self._row:
            if key not in self._taken:
                self.fault(f"unknown key {key}")
