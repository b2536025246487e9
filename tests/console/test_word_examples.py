"""What the word models are trained on is in order, and the shipped ones were trained on just that."""

from collections import Counter

from clients.packs import shipped_files
from console.rules.fit_exchanges import named_by_bias
from console.rules.word_examples import (
    biased,
    categories,
    digest_of,
    grounding,
    lexicon,
    sentences,
    unbiased,
    unsourced,
)
from streams.rules.model import CATEGORIES, Kind
from streams.rules.pack import read_pack
from streams.rules.word_model import ACTS


def test_every_category_act_and_tag_has_examples() -> None:
    found = Counter(exchange.name for exchange in categories())
    assert set(found) == set(CATEGORIES)
    assert min(found.values()) >= 30
    acts = Counter(act for sentence in sentences() for act in sentence.names)
    assert set(acts) == set(ACTS)
    assert min(acts.values()) >= 80
    for examples in (Counter(label for _, label in biased()), Counter(len(s.names) for s in grounding())):
        assert min(examples.values()) >= 60


def test_no_example_is_there_twice() -> None:
    texts = Counter((e.person, e.assistant) for e in categories())
    assert [len(text) for text, count in texts.items() if count > 1] == []


def test_the_shipped_models_were_trained_on_the_shipped_examples() -> None:
    pack = read_pack(shipped_files())
    assert pack.words is not None
    by_kind = [lexicon(Kind.CATEGORIES, "categories")]
    assert pack.words.exchanges.examples == digest_of(
        [*categories(), *named_by_bias(biased()), *unbiased()], by_kind
    )
    by_kind = [lexicon(Kind.EARS, "ears"), lexicon(Kind.TAGS, "grounded")]
    assert pack.words.replies.examples == digest_of([*sentences(), *grounding(), *unsourced()], by_kind)
