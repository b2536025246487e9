"""The word lists by which names of private people are told from other words, as a pack's file gives them."""

from dataclasses import dataclass
from enum import StrEnum

from streams.fold import fold
from streams.rules.fields import Fields


class Place(StrEnum):
    """What a rule for names says of its match; the `check` of such a rule."""

    LISTED = "name_listed"  # it is a given name of the list
    TOLD = "name_told"  # what follows is said to be a person
    ADDRESSED = "name_addressed"  # what follows is a person when it is set apart
    SIGNED = "name_signed"  # what follows is a person when nothing comes after it
    MAYBE = "name_maybe"  # what follows is a person when it can be a name
    SUBJECT = (
        "name_subject"  # it begins with a person when it can be a name, or a sentence does not begin there
    )


@dataclass(frozen=True, slots=True)
class NameWords:
    """Folded words. `given` are names wherever they stand (`rare`, a part of them, in small letters only where somebody
    is called so), `either` in a fitting place, `seldom` (a part of it) and words of no list only where the text says
    outright that a person is meant; behind a word of place `towns` are none.

    `never` are no names whatever their place; `deeds` follow persons, `things` make a term of the name before them. `public` holds whole
    names, words parted by one space, without full stops.
    """

    given: frozenset[bytes] = frozenset()
    rare: frozenset[bytes] = frozenset()
    either: frozenset[bytes] = frozenset()
    seldom: frozenset[bytes] = frozenset()
    towns: frozenset[bytes] = frozenset()
    family: frozenset[bytes] = frozenset()
    never: frozenset[bytes] = frozenset()
    deeds: frozenset[bytes] = frozenset()
    things: frozenset[bytes] = frozenset()
    public: frozenset[bytes] = frozenset()

    @classmethod
    def read(cls, fields: Fields) -> "NameWords":
        """From a file of kind names; a word that stands in lists which exclude each other is a fault."""
        lists = {
            key: frozenset(fold(word) for word in fields.text(key, "").split())
            for key in ("given", "rare", "either", "seldom", "towns", "family", "never", "deeds", "things")
        }
        if lists["rare"] & lists["given"]:
            fields.fault("given and rare share words")
        lists["given"] |= lists["rare"]
        # they are looked up among the runs of ASCII letters: others would never be found
        if not all(word.isalpha() for word in lists["given"]):
            fields.fault("given and rare must be words of the letters a to z alone")
        for one, other in (("given", "either"), ("given", "never"), ("either", "never")):
            if lists[one] & lists[other]:
                fields.fault(f"{one} and {other} share words")
        names = fields.text("public", "").split("|")
        return cls(**lists, public=frozenset(b" ".join(fold(name).split()) for name in names))
