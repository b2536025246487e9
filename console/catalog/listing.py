"""Groups the keys of a place by folder, and chooses a few of each folder to look into. Memory is bounded.

A folder keeps its smallest and largest object and some 250 others, which a hash of the key chooses: the same
listing is always looked into at the same objects, and neither names nor order can hide a kind of file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

KEPT_CANDIDATES = 256
MOST_FOLDERS = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One key of the place. `known_records`: what the ledger says of this very version; None: it does not."""

    key: str
    size_bytes: int
    known_records: int | None = None


@dataclass(slots=True)
class Folder:
    """The objects of one folder, in sums. Empty and archived objects are counted and never looked into."""

    name: str
    objects: int = 0
    size_bytes: int = 0
    empty: int = 0
    archived: int = 0
    archived_bytes: int = 0
    known_objects: int = 0
    known_bytes: int = 0
    known_records: int = 0
    candidates: list[Listed] = field(default_factory=list)

    def add(self, item: Listed, *, is_archived: bool = False) -> None:
        self.objects += 1
        self.size_bytes += item.size_bytes
        if not item.size_bytes:
            self.empty += 1
        elif is_archived:
            self.archived += 1
            self.archived_bytes += item.size_bytes
        else:
            self.candidates.append(item)
            if len(self.candidates) > 2 * KEPT_CANDIDATES:
                self._thin_out()
        if item.known_records is not None:
            self.known_objects += 1
            self.known_bytes += item.size_bytes
            self.known_records += item.known_records

    def take_over(self, other: "Folder") -> None:
        """Count another folder's objects as this one's."""
        self.objects += other.objects
        self.size_bytes += other.size_bytes
        self.empty += other.empty
        self.archived += other.archived
        self.archived_bytes += other.archived_bytes
        self.known_objects += other.known_objects
        self.known_bytes += other.known_bytes
        self.known_records += other.known_records
        self.candidates += other.candidates
        if len(self.candidates) > 2 * KEPT_CANDIDATES:
            self._thin_out()

    def _thin_out(self) -> None:
        by_size = sorted(self.candidates, key=lambda item: (item.size_bytes, item.key))
        ends = [by_size[0], by_size[-1]]
        rest = sorted(by_size[1:-1], key=lambda item: _digest(item.key))
        self.candidates = ends + rest[: KEPT_CANDIDATES - 2]

    def chosen(self, samples: int) -> list[Listed]:
        """At most so many objects, spread evenly over the sizes: the smallest and the largest are among them."""
        if len(self.candidates) > KEPT_CANDIDATES:
            self._thin_out()  # else those that were listed last would be too many among them
        by_size = sorted(self.candidates, key=lambda item: (item.size_bytes, item.key))
        if len(by_size) <= samples:
            return by_size
        if samples == 1:
            return [by_size[len(by_size) // 2]]
        last = len(by_size) - 1
        return [by_size[round(place * last / (samples - 1))] for place in range(samples)]


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def folder_of(key: str) -> str:
    """The folder of a key: all up to its last slash, empty where there is none."""
    return key[: key.rfind("/") + 1]


def rolled_up(folders: Iterable[Folder], most: int = MOST_FOLDERS) -> list[Folder]:
    """The folders by name; where they are more than `most`, deep ones are counted to the folder around them."""
    found = sorted(folders, key=lambda folder: folder.name)
    depth = max((folder.name.count("/") for folder in found), default=0)
    while len(found) > most and depth:
        depth -= 1
        joined: dict[str, Folder] = {}
        for folder in found:
            name = "".join(f"{part}/" for part in folder.name.split("/")[:-1][:depth])
            joined.setdefault(name, Folder(name)).take_over(folder)
        found = sorted(joined.values(), key=lambda folder: folder.name)
    return found
