"""Text that is not UTF-8 is settled record by record: Windows-1252 where it decodes, else refused."""


def repaired(raw: bytes) -> bytes | None:
    """The record in UTF-8, read as Windows-1252; None where that has no such characters either."""
    try:
        return raw.decode("cp1252").encode()
    except UnicodeDecodeError:
        return None


def is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
