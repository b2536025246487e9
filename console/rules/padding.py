"""Hides short examples in long, harmless texts: a gate should judge a sentence alike in 30 words and in 3,000."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import cycle, islice

from streams.rules.labelled import Example

SHORT_WORDS, PADDED_WORDS = 60, 3000

# What anybody may tell of a week. Written for this alone: no model is trained on it.
_ORDINARY = """We drove to the coast on Saturday and the weather held. The children looked for shells and my brother
made sandwiches with too much mustard. On the way home we stopped at a farm shop for eggs and a bag of apples.
Monday was busy at the office because two people were on holiday, so I did the post and the phones. I am thinking of
repainting the kitchen, maybe a light green, and the shop had nice tiles on offer. My neighbour lent me a ladder.
The bus was late again on Tuesday, so I read most of a chapter. I cooked rice with peas and watched a programme
about trains in Switzerland. The cat slept on the laundry. My sister rang about the holiday and we compared prices.
On Wednesday there was choir. We practised the second part twice and the tenors were flat, as ever. Afterwards some
of us had soup at the corner place and talked about gardens. I have planted beans along the fence this year.
"""


def short_ones(examples: Iterable[Example]) -> list[Example]:
    """The examples of one turn and at most SHORT_WORDS words."""
    return [e for e in examples if len(e.turns) == 1 and len(e.turns[0].split()) <= SHORT_WORDS]


def padded(example: Example) -> Example:
    """The example in the midst of ordinary words, PADDED_WORDS in all, as a paragraph of its own."""
    words = list(islice(cycle(_ORDINARY.split()), PADDED_WORDS))
    middle = PADDED_WORDS * 2 // 5
    text = f"{' '.join(words[:middle])}.\n{example.turns[0]}\n{' '.join(words[middle:])}"
    return replace(example, turns=(text,))
