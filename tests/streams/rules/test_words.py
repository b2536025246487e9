import re

from hypothesis import example, given
from hypothesis import strategies as st

from streams.fold import fold_but_case
from streams.rules.lexicon import ENGLISH_FUNCTION, FOREIGN
from streams.rules.plain import plain
from streams.rules.words import WordLists, words_of

LISTS = WordLists(ENGLISH_FUNCTION, FOREIGN)
WORDS = st.sampled_from(sorted(ENGLISH_FUNCTION | FOREIGN)) | st.text("abcdefghé", min_size=1).map(str.encode)


def number_of(word: bytes) -> int:
    return 1 if word in ENGLISH_FUNCTION else 2 if word in FOREIGN else 0


@given(st.lists(WORDS), st.sampled_from([b" ", b"   "]))
@example([], b" ")
def test_each_word_is_found_in_the_list_that_holds_it(words: list[bytes], between: bytes) -> None:
    assert LISTS.of_each(plain(between.join(words))) == bytes(map(number_of, words))


def test_every_word_of_the_lists_is_found_in_its_own() -> None:
    for number, words in enumerate((sorted(ENGLISH_FUNCTION), sorted(FOREIGN)), 1):
        assert LISTS.of_each(plain(b" ".join(words))) == bytes([number]) * len(words)


def test_a_longer_word_that_begins_like_one_of_a_list_is_not_in_it() -> None:
    assert LISTS.of_each(plain(b"thex somethings every everythin quieroo")) == bytes([0, 0, 1, 0, 0])


def test_figures_and_stops_are_no_words() -> None:
    text = b"you, 24 of them... 'don't' 2x"
    assert words_of(text) == [b"you", b"of", b"them", b"'don't'"]
    assert LISTS.of_each(plain(text)) == bytes([1, 1, 1, 1])


@given(st.text("aé0'.,- \0\n?", max_size=40).map(str.encode))
def test_there_is_a_number_for_each_word(text: bytes) -> None:
    assert len(LISTS.of_each(plain(text))) == len(words_of(text))


NAMES = WordLists([b"ana", b"christiane", b"jo"], [b"the", b"christians", b"so"])


def test_words_that_share_their_first_letters_are_told_apart() -> None:
    assert NAMES.of_each(plain(b"christiane christians christianx")) == bytes([1, 2, 0])


@given(
    st.text("Aan -'.JojChristiane\0é1", max_size=60)
    | st.lists(st.sampled_from(["Ana", "ana", "The", "so", "Jo", "X", "Zu"])).map(" ".join)
)
def test_names_and_what_may_be_one_are_found_where_they_end(text: str) -> None:
    cased = fold_but_case(text)
    words = [(word[0], word.end()) for word in re.finditer(rb"[A-Za-z]{2,}", cased)]
    listed = [end for word, end in words if word.lower() in {b"ana", b"christiane", b"jo"}]
    may_be = [
        end
        for word, end in words
        if word[:1].isupper() and word.lower() not in {b"the", b"christians", b"so"}
    ]
    assert NAMES.ends(cased) == (listed, may_be)


def test_spaces_alone_hold_no_word() -> None:
    assert LISTS.of_each(plain(b"    ")) == b""
