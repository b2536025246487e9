"""Says which of the four acts of a good supporter the assistant's turns show."""

from streams.records import Conversation, EarsFacts
from streams.rules.model import Kind, Pack
from streams.rules.weighing import speaking
from streams.rules.word_model import ACTS
from streams.steps.scan import Scan
from streams.steps.word_scores import reply_scores

MODEL = "ears.model"


def ears(conversation: Conversation, scan: Scan, pack: Pack) -> EarsFacts:
    """Empathize, acknowledge, reflect, support; the score is the share of the four that is shown.

    An act is shown where a rule finds it or where the pack's model does, which then stands among the rules.
    """
    rules = speaking(scan, Kind.EARS)
    acts = {rule.name for rule in rules}
    names = [rule.id for rule in rules]
    scores = reply_scores(scan, pack)
    if scores and pack.words is not None:
        # the acts stand first among what is said of a reply
        said = zip(ACTS, scores, pack.words.thresholds, strict=False)
        heard = {act for act, score, threshold in said if score >= threshold}
        if heard:
            acts |= heard
            names.append(MODEL)
    return EarsFacts(
        empathize="empathize" in acts,
        acknowledge="acknowledge" in acts,
        reflect="reflect" in acts,
        support="support" in acts,
        score=len(acts) / 4,
        rules=tuple(names),
    )
