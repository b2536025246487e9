from hypothesis import example, given
from hypothesis import strategies as st

from streams.rules.lexicon import ENGLISH_FUNCTION, FOREIGN
from streams.rules.words import WordLists

LISTS = WordLists(ENGLISH_FUNCTION, FOREIGN)
WORDS = st.sampled_from(sorted(ENGLISH_FUNCTION | FOREIGN)) | st.text("abcdefghé'", min_size=1).map(
    str.encode
)


def number_of(word: bytes) -> int:
    return 1 if word in ENGLISH_FUNCTION else 2 if word in FOREIGN else 0


@given(st.lists(WORDS), st.sampled_from([b" ", b"   "]))
@example([], b" ")
def test_each_word_is_found_in_the_list_that_holds_it(words: list[bytes], between: bytes) -> None:
    assert LISTS.of_each(between.join(words)) == bytes(map(number_of, words))


def test_every_word_of_the_lists_is_found_in_its_own() -> None:
    for number, words in enumerate((sorted(ENGLISH_FUNCTION), sorted(FOREIGN)), 1):
        assert LISTS.of_each(b" ".join(words)) == bytes([number]) * len(words)


def test_a_longer_word_that_begins_like_one_of_a_list_is_not_in_it() -> None:
    assert LISTS.of_each(b"thex somethings every everythin quieroo") == bytes([0, 0, 1, 0, 0])


def test_spaces_alone_hold_no_word() -> None:
    assert LISTS.of_each(b"    ") == b""
