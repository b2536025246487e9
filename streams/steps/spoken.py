"""Whose words a model reads: each side's plain words, found once for all the steps that ask."""

from streams.rules.model import Reads
from streams.rules.plain import Plain, plain
from streams.steps.scan import Scan

# Looked up once: in Python 3.11 a member costs ten times as much as a name.
PERSON, ASSISTANT = int(Reads.USER), int(Reads.ASSISTANT)


def spoken(scan: Scan, reader: int) -> tuple[list[int], Plain]:
    """The messages of one side (of both where it is a guess whose words are whose), and their plain words."""
    found = scan.spoken.get(reader)
    if found is None:
        said = scan.maybe_by(reader)
        found = scan.spoken[reader] = said.places, plain(said.text)
    return found


def spoken_alone(scan: Scan, reader: int) -> Plain:
    """The plain words of one side, also where that is a guess."""
    return plain(scan.side(reader).text) if scan.conversation.roles_guessed else spoken(scan, reader)[1]
