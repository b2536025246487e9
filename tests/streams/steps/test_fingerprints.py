from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.bench.corpus import chat_lines
from streams.records import Conversation, Message, Role
from streams.steps.convert import convert
from streams.steps.fingerprints import fingerprints
from streams.wording import letters, letters_of_each
from tests.streams.small_pack import small_pack
from tests.streams.steps.turns import pack_with, talk

PACK = small_pack()
QUESTION = (
    "Since we moved here I argue with my sister nearly every week, mostly about who calls our parents, and "
    "afterwards I cannot sleep. I tried to write her a letter but I never sent it. Is this only about the calls?"
)
ANSWER = (
    "It sounds as if the calls stand for something older between the two of you. Perhaps the letter that you did "
    "not send says more than the arguments do. What would you want her to know first, if she read one sentence?"
)
OTHER_ANSWER = (
    "Sleep often goes first when there is tension at home. Before you decide about the letter, try to notice on "
    "which evenings the worrying begins, and put ten quiet minutes between the phone and the bed on those days."
)


def prints(*texts: str) -> tuple[str, tuple[str, ...]]:
    found = fingerprints(talk(*texts), PACK)
    return found.content_hash, found.bands


def agreeing(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    return sum(x == y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    "variant",
    [
        QUESTION.upper(),
        QUESTION.replace("'", "’").replace(" ", "  "),
        QUESTION.replace(", ", " - ").replace(".", " ..."),
        QUESTION.replace("a", "á"),
        QUESTION.replace("o", "о"),
        "\u200b".join(QUESTION),
        f"  {QUESTION}\n\n",
    ],
    ids=["capitals", "spaces", "punctuation", "accents", "look-alikes", "invisible", "around"],
)
def test_a_variant_in_form_alone_is_a_copy(variant: str) -> None:
    assert prints(variant, ANSWER) == prints(QUESTION, ANSWER)


def test_another_answer_to_the_same_question_is_no_copy_of_any_kind() -> None:
    one, other = prints(QUESTION, ANSWER), prints(QUESTION, OTHER_ANSWER)
    assert one[0] != other[0]
    assert agreeing(one[1], other[1]) == 0


def test_the_same_answer_to_another_question_is_no_copy_of_any_kind() -> None:
    one, other = prints(QUESTION, ANSWER), prints(OTHER_ANSWER, ANSWER)
    assert one[0] != other[0]
    assert agreeing(one[1], other[1]) == 0


def test_the_same_text_in_other_roles_or_turns_is_no_copy() -> None:
    def content(*turns: tuple[Role, str]) -> str:
        return fingerprints(Conversation(tuple(Message(*turn) for turn in turns), "chat"), PACK).content_hash

    user, assistant, system = Role.USER, Role.ASSISTANT, Role.SYSTEM
    hashes = [
        content((user, "left right"), (assistant, "up down")),
        content((assistant, "left right"), (user, "up down")),
        content((user, "left"), (assistant, "right up down")),
        content((user, "left right up down")),
        content((system, "left right"), (user, "up down")),
        content((user, "up down"), (assistant, "left right")),
        content((user, "left right"), (assistant, "up down"), (user, "x")),
    ]
    assert len(set(hashes)) == len(hashes)


@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=4),
    st.lists(st.text(max_size=8), min_size=1, max_size=4),
)
def test_two_conversations_share_a_hash_only_if_their_letters_are_the_same(
    a: list[str], b: list[str]
) -> None:
    same = [letters(text) for text in a] == [letters(text) for text in b]
    assert (prints(*a)[0] == prints(*b)[0]) == same


@given(st.lists(st.text(max_size=8) | st.sampled_from(["", "?!", "\0", "plain", "é"]), max_size=5))
def test_many_texts_have_the_same_letters_as_one_by_one(texts: list[str]) -> None:
    assert letters_of_each(texts) == [letters(text) for text in texts]


def test_marks_of_other_scripts_and_emoji_make_a_difference() -> None:
    assert letters("की") != letters("का")
    assert letters("💔") != letters("💙")
    assert letters("你好。") == letters("你好")
    assert letters("?!") != letters("")


def test_a_few_changed_words_leave_a_near_copy() -> None:
    one = prints(QUESTION, ANSWER)
    other = prints(QUESTION, ANSWER.replace("Perhaps", "Maybe"))
    assert one[0] != other[0]
    assert agreeing(one[1], other[1]) >= PACK.policy.near_agreeing


def test_most_lightly_edited_conversations_are_near_copies_and_strangers_never_are() -> None:
    random = Random(4)
    talks = [convert(line, 32) for line in chat_lines(120, 9, copy_share=0)]
    known: dict[str, int] = {}
    found = 0
    for index, conversation in enumerate(talks):
        assert isinstance(conversation, Conversation)
        bands = fingerprints(conversation, PACK).bands
        assert sum(band in known for band in bands) < PACK.policy.near_agreeing
        known |= dict.fromkeys(bands, index)
        edited = []
        for message in conversation.messages:
            words = message.content.split(" ")
            for _ in range(len(words) // 100 + 1):
                words[random.randrange(len(words))] = "perhaps"
            edited.append(Message(message.role, " ".join(words)))
        again = fingerprints(Conversation(tuple(edited), "chat"), PACK).bands
        found += agreeing(bands, again) >= PACK.policy.near_agreeing
    assert found > 0.6 * len(talks)


@pytest.mark.parametrize(
    "texts",
    [
        ("hi", "hello"),
        ("a" * 5000, "b" * 5000),
        ("word " * 3000, "word " * 3000),
        ("é" * 100,),
        ("你好" * 400, "好" * 900),
        ("a" * 41, "b" * 7),
        ("a" * 7, "b" * 41),
        ("word " * 3000, ""),
        ("", "other words " * 9000),
    ],
)
def test_extreme_texts_have_whole_fingerprints(texts: tuple[str, ...]) -> None:
    content, bands = prints(*texts)
    assert len(content) == 32
    assert len(bands) in (0, 8)
    assert all(len(band) == 16 and int(band, 16) >= 0 for band in bands)


def test_short_texts_have_no_bands_and_a_pack_can_switch_them_off() -> None:
    assert prints("How can I sleep?", "Tell me more.")[1] == ()
    assert fingerprints(talk(QUESTION, ANSWER), pack_with(near_bands=0)).bands == ()


def test_a_band_is_tied_to_its_place() -> None:
    bands = prints(QUESTION, "short")[1]
    assert len(set(bands)) == len(bands) == 8


def test_the_fingerprints_are_the_same_on_every_machine() -> None:
    content, bands = prints(QUESTION, ANSWER)
    assert (content, bands[0]) == ("bececb3db1274366985151806342d620", "118cdb5f1147a7be")
