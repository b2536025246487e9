"""Drops of several files: which objects of a listing may be read already, by what their source says of it."""

from producers.announcements import Announcement
from streams.catalogue import Source


class Waiting:
    """One place's listing. What is not ready is seen again by the next sweep: nothing is kept between two.

    `settle`: an object is ready once it has rested for `settle_seconds`. `marker`: the objects of a folder
    are ready once the marker stands in it.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._marked_folders: set[str] = set()
        self._unmarked: dict[str, list[Announcement]] = {}
        self._resting = 0

    def take_marker(self, seen: Announcement) -> None:
        """A marker was listed: the objects of its folder are ready."""
        self._marked_folders.add(seen.key.rpartition("/")[0])

    def is_ready(self, source: Source, seen: Announcement) -> bool:
        """True where it may be announced now; what waits for a marker is given by `marked` at the end."""
        if source.ready == "settle":
            # the store's clock against ours: a minute apart costs a minute, and no record
            is_rested = self._now - seen.modified_seconds >= source.settle_seconds
            self._resting += not is_rested
            return is_rested
        if source.ready == "marker":
            self._unmarked.setdefault(seen.key.rpartition("/")[0], []).append(seen)
            return False
        return True

    def marked(self) -> list[Announcement]:
        """At the listing's end: the objects of all folders that have their marker."""
        return [seen for folder in self._marked_folders for seen in self._unmarked.pop(folder, ())]

    @property
    def count(self) -> int:
        """Objects that wait."""
        return self._resting + sum(map(len, self._unmarked.values()))
