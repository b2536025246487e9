"""The word models are asked once for all steps, and each of its own side."""

from dataclasses import replace

import pytest

from streams.records import Conversation, Message, Origin, Role
from streams.rules.pack import Pack, read_pack
from streams.rules.word_model import EXCHANGE_NAMES, REPLY_NAMES, WordModel
from streams.steps.categories import categories
from streams.steps.ears import ears
from streams.steps.scan import Scan, scan
from streams.steps.tags import tags
from streams.steps.word_scores import exchange_scores, reply_scores
from tests.streams.rules.test_word_model import WORD_FILES


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(WORD_FILES)


def scanned(pack: Pack, *turns: str, roles: tuple[Role, ...] = (Role.USER, Role.ASSISTANT)) -> Scan:
    messages = tuple(Message(roles[place % len(roles)], turn) for place, turn in enumerate(turns))
    return scan(Conversation(messages, "chat"), pack)


def test_the_reply_is_judged_by_the_assistants_words_alone(pack: Pack) -> None:
    assert reply_scores(scanned(pack, "sorry", "ok"), pack)[REPLY_NAMES.index("empathize")] < 0
    assert reply_scores(scanned(pack, "ok", "sorry"), pack)[REPLY_NAMES.index("empathize")] > 0
    assert reply_scores(scanned(pack, "ok", "sorry", "hm", "try it"), pack)[REPLY_NAMES.index("support")] > 0


def test_sides_keep_apart_whatever_their_order(pack: Pack) -> None:
    roles = (Role.ASSISTANT, Role.USER)
    found = exchange_scores(scanned(pack, "hello", "my visa", "hm", "yes", roles=roles), pack)
    by_name = dict(zip(EXCHANGE_NAMES, found, strict=True))
    assert by_name["counseling"] > 0 > by_name["other"]


def test_without_words_or_without_a_model_nothing_is_said(pack: Pack) -> None:
    assert exchange_scores(scanned(pack, "\u200b"), pack) == ()
    assert reply_scores(scanned(pack, "visa"), pack) == ()
    bare = replace(pack, words=None)
    assert (
        exchange_scores(scanned(bare, "visa", "sorry"), bare)
        == reply_scores(scanned(bare, "visa"), bare)
        == ()
    )


def test_each_model_is_asked_once_for_all_steps(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    of_exchange, of_reply = WordModel.of_exchange, WordModel.of_reply
    monkeypatch.setattr(WordModel, "of_exchange", lambda *a: asked.append("exchange") or of_exchange(*a))
    monkeypatch.setattr(WordModel, "of_reply", lambda *a: asked.append("reply") or of_reply(*a))
    found = scanned(pack, "my visa", "sorry")
    facts = ears(found.conversation, found, pack)
    told = categories(found.conversation, found, pack, Origin("x"))
    tags(found.conversation, found, pack)
    assert sorted(asked) == ["exchange", "reply"]
    assert (facts.empathize, facts.rules) == (True, ("ears.model",))
    assert told.categories[0].name == "counseling"
