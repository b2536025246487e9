"""Reads the catalogue of sources that the settings name: a file, the plain places, or both."""

from pathlib import Path

from streams.catalogue import Catalogue
from streams.catalogue_file import BadCatalogue, parse_catalogue
from streams.settings import Settings


def read_catalogue(settings: Settings) -> Catalogue:
    """The catalogue as it stands now. Raises BadCatalogue with every fault, the file's name before each.

    Processes read it when they start: a change is followed by a restart.
    """
    body = b""
    if settings.sources_file:
        try:
            body = Path(settings.sources_file).read_bytes()
        except OSError as error:
            raise BadCatalogue(
                [f"{settings.sources_file}: cannot be read ({type(error).__name__})"]
            ) from None
    try:
        found = parse_catalogue(body, settings.sources, settings.output)
        named = next((source.name for source in found.sources if source.person), None)
        if named is not None and not settings.person_key.get_secret_value():
            raise BadCatalogue(
                [
                    f"source {named}: person: FOREBAY_PERSON_KEY is not set; example: FOREBAY_PERSON_KEY=$(openssl rand -hex 32)"
                ]
            )
        return found
    except BadCatalogue as bad:
        if not settings.sources_file:
            raise
        raise BadCatalogue([f"{settings.sources_file}: {fault}" for fault in bad.faults]) from None
