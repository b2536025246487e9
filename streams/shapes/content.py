"""What a turn says: text, numbers or typed blocks as one string, or why there is nothing to read."""

from typing import Any

from streams.outcomes import Reason

# Words that exports write where there is no text (lower case).
PLACEHOLDERS = frozenset({"", "n/a", "null", "[deleted]", "[removed]", "emptypost"})
_LONGEST_PLACEHOLDER = max(map(len, PLACEHOLDERS))

_TEXT_BLOCKS = frozenset({None, "text", "input_text", "output_text"})


def text_of(value: Any) -> str | Reason:
    """The text of a plain value, stripped; or null_content, empty, unknown_shape (neither text nor blocks).

    Several bare strings are unknown_shape: they may be versions of one reply, the bad ones among them.
    """
    if type(value) is str:
        text = value.strip()
        if len(text) <= _LONGEST_PLACEHOLDER and text.lower() in PLACEHOLDERS:
            return Reason.EMPTY
        return text
    if value is None:
        return Reason.NULL_CONTENT
    if type(value) is dict:
        return _text_of_block(value)
    if type(value) is list:
        return _text_of_blocks(value)
    # a reply such as 7 that a table tool took for a number
    return str(value) if type(value) is int or type(value) is float else Reason.UNKNOWN_SHAPE


def is_blank(value: Any) -> bool:
    """True for a field that says nothing: null, blank or a placeholder. Optional fields are asked this."""
    return type(text_of(value)) is Reason


def joined_text_of(value: Any) -> str | Reason:
    """As `text_of`, where a list of strings can only be the parts of one text: its strings joined by newlines."""
    if type(value) is list and len(value) > 1 and all(type(part) is str for part in value):
        texts = [text for part in value if type(text := text_of(part)) is str]
        return "\n".join(texts) if texts else Reason.EMPTY
    return text_of(value)


def _text_of_blocks(blocks: list[Any]) -> str | Reason:
    """The text blocks joined by newlines; pictures, sounds and calls are passed over."""
    if len(blocks) > 1 and sum(type(block) is str for block in blocks) > 1:
        return Reason.UNKNOWN_SHAPE
    texts = []
    for block in blocks:
        text = text_of(block) if type(block) is str else _text_of_block(block)
        if type(text) is str:
            texts.append(text)
        elif text is not Reason.EMPTY:
            return text
    return "\n".join(texts) if texts else Reason.EMPTY


def _text_of_block(block: Any) -> str | Reason:
    if type(block) is not dict:
        return Reason.NULL_CONTENT if block is None else Reason.UNKNOWN_SHAPE
    kind = block.get("type")
    if type(kind) is str and kind.lower() not in _TEXT_BLOCKS:
        return Reason.EMPTY
    for name in ("text", "value", "content"):
        if name in block:
            inner = block[name]
            if type(inner) is dict:
                inner = inner.get("value")
            return text_of(inner) if inner is None or type(inner) is str else Reason.UNKNOWN_SHAPE
    return Reason.UNKNOWN_SHAPE
