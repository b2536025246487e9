"""The record shapes in the order in which they are tried: the first that fits is taken."""

from collections.abc import Callable
from typing import Any, NamedTuple

from streams.records import Conversation, Unreadable
from streams.shapes.candidates import candidates
from streams.shapes.chat import chat
from streams.shapes.clinical import clinical
from streams.shapes.context_response import context_response
from streams.shapes.counsel_chat import counsel_chat
from streams.shapes.forum import forum
from streams.shapes.instruction import instruction
from streams.shapes.one_side import ANSWERED, ASKED, one_side
from streams.shapes.pairs import pairs
from streams.shapes.preference import preference
from streams.shapes.reasoning import reasoning
from streams.shapes.sharegpt import sharegpt
from streams.shapes.tagged_text import tagged_text
from streams.shapes.text_only import text_only
from streams.shapes.tree import tree
from streams.shapes.turns import turns
from streams.shapes.utterances import utterances


class Row(NamedTuple):
    """A shape: its name, its function, and the fields of which it needs at least one (lower case).

    The function gets the record's fields under canonical names with plain text, and gives the
    conversation, why it cannot be read, or None where the record has another shape.
    """

    name: str
    function: Callable[[dict[str, Any]], Conversation | Unreadable | None]
    one_of: frozenset[str]


def _row(
    name: str, function: Callable[[dict[str, Any]], Conversation | Unreadable | None], one_of: str
) -> Row:
    return Row(name, function, frozenset(one_of.split()))


# What is told by more fields stands before what is told by fewer: a preference record holds `messages`
# too, a chat may keep its `prompt`, and almost everything has a `text`.
ORDER: tuple[Row, ...] = (
    _row("preference", preference, "chosen chosen_messages label kto_tag"),
    _row("reasoning", reasoning, "reasoning chain_of_thought cot complex_cot thought_process"),
    _row("chat", chat, "messages"),
    _row("sharegpt", sharegpt, "conversations"),
    _row("turns", turns, "conversation dialog dialogue turns"),
    _row("candidates", candidates, "utterances"),
    _row("utterances", utterances, "utterances"),
    _row("tree", tree, "path"),
    _row("counsel_chat", counsel_chat, "questiontitle questiontext"),
    _row("instruction", instruction, "instruction"),
    _row("context_response", context_response, "context"),
    _row("pairs", pairs, "prompt input question questions user human client patient user_input text query"),
    _row("clinical", clinical, "case_description"),
    _row("forum", forum, "selftext post body comment reply"),
    _row("tagged_text", tagged_text, "text content conversation conversations dialog dialogue transcript"),
    _row("text_only", text_only, "text content"),
    _row("one_side", one_side, " ".join((*ASKED, *ANSWERED))),
)
