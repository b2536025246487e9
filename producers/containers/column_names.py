"""Column names of tables as JSON keys."""

from collections.abc import Iterable


def unique_names(names: Iterable[str]) -> list[str]:
    """Each name once, in order: the second `text` becomes `text_2`."""
    taken: set[str] = set()
    found = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free)
        found.append(free)
    return found
