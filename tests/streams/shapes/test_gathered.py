"""utterances and tree: a dialogue written as intake gathers it comes back, and a cry in a broken one is heard."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.outcomes import Reason
from streams.records import Conversation, Role, Unreadable
from streams.steps.convert import convert

DEPTH = 32
_words = st.text(st.sampled_from("abcdefgh é海"), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip()) and text == " ".join(text.split())
)
# turn and turn about, the user first: what conversion does not join
_dialogues = st.lists(_words, min_size=1, max_size=8).map(
    lambda texts: [((Role.USER, Role.ASSISTANT)[at % 2], text) for at, text in enumerate(texts)]
)
_users = st.sampled_from(["client", "Client", "SEEKER", "patient", "prompter", "help-seeker"])
_others = st.sampled_from(["therapist", "Therapist", "counsellor", "supporter", "assistant"])


@given(turns=_dialogues, user=_users, other=_others, is_tree=st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_dialogue_written_in_this_shape_comes_back(
    turns: list[tuple[Role, str]], user: str, other: str, is_tree: bool
) -> None:
    names = {Role.USER: user, Role.ASSISTANT: other}
    key = "role" if is_tree else "speaker"
    said = [{key: names[role], "text": text} for role, text in turns]
    found = convert(orjson.dumps({"path" if is_tree else "utterances": said}), DEPTH)
    assert isinstance(found, Conversation)
    assert found.shape == ("tree" if is_tree else "utterances")
    assert [(message.role, message.content) for message in found.messages] == turns
    assert not found.roles_guessed


def test_what_an_orphan_says_is_heard_and_the_record_is_refused() -> None:
    path = [{"role": "prompter", "text": "I can't go on."}, {"role": "assistant", "text": None}]
    found = convert(orjson.dumps({"path": path, "is_orphan": True}), DEPTH)
    assert isinstance(found, Unreadable)
    assert found.reason is Reason.NO_PARENT
    assert found.heard is not None
    assert [message.content for message in found.heard.messages] == ["I can't go on."]


def test_what_is_said_around_a_deleted_message_is_heard() -> None:
    path = [
        {"role": "prompter", "text": "I can't go on."},
        {"role": "assistant", "text": "[deleted]"},
        {"role": "prompter", "text": "Nobody is there."},
    ]
    found = convert(orjson.dumps({"path": path}), DEPTH)
    assert isinstance(found, Unreadable)
    assert found.heard is not None
    assert found.heard.messages[0].content == "I can't go on.\nNobody is there."
