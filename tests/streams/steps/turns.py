"""Conversations for tests of single steps: texts in turn, the user first, and a pack that is only a policy."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from streams.records import Conversation, Message, Role
from tests.streams.small_pack import small_pack


def talk(*texts: str, **changes: Any) -> Conversation:
    roles = (Role.USER, Role.ASSISTANT)
    messages = tuple(Message(roles[at % 2], text) for at, text in enumerate(texts))
    return Conversation(messages, "chat", **changes)


def pack_with(**changes: Any) -> Any:
    """A pack whose policy differs; the steps that take it read nothing but the policy."""
    return SimpleNamespace(policy=replace(small_pack().policy, **changes))
