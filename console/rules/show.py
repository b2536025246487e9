"""`forebay rules show` and `forebay rules test`: a rule as it is, and what all of them say of a text."""

from rich.console import Console
from rich.markup import escape

from clients.errors import Fatal
from streams.records import Conversation, Message, Origin, Role
from streams.rules.guards import Match, applies
from streams.rules.model import GATES, Kind, Pack, Rule
from streams.steps.categories import categories
from streams.steps.ears import ears
from streams.steps.gate import finding
from streams.steps.pii import pii
from streams.steps.scan import Scan, scan
from streams.steps.tags import tags


def show_rules(pack: Pack, name: str, console: Console) -> None:
    """The rule of that id, or all whose ids begin so. Raises Fatal where there is none."""
    found = [rule for rule in pack.rules if rule.id == name] or [
        r for r in pack.rules if r.id.startswith(name)
    ]
    if not found:
        raise Fatal(f"no rule is called {name}, and none begins so")
    for rule in found:
        _show(rule, console)


def _show(rule: Rule, console: Console) -> None:
    console.print(f"[bold]{rule.id}[/bold]  {rule.why}")
    what = [f"kind {rule.kind}", f"reads {rule.reads.name or 'all'}", f"weight {rule.weight:g}"]
    what += [f"level {rule.level}"] if rule.level else []
    what += [f"means {rule.name}"] if rule.name else []
    what += [f"check {rule.check}"] if rule.check else []
    console.print("  " + " · ".join(what))
    if rule.guards:
        console.print("  unless " + ", ".join(guard.id for guard in rule.guards))
    for example in rule.match:
        console.print(f"  matches       {escape(example)}")
    for example in rule.never:
        console.print(f"  leaves alone  {escape(example)}")


def show_text(pack: Pack, text: str, console: Console, *, is_reply: bool) -> None:
    """Each kind's verdict on a text said by the person (or the assistant), and each rule that matched."""
    role = Role.ASSISTANT if is_reply else Role.USER
    conversation = Conversation((Message(role, text),), "typed")
    found = scan(conversation, pack)
    for gate in sorted(GATES):
        verdict = finding(found, gate, pack)
        model = pack.models.get(gate)
        console.print(
            f"[bold]{gate}[/bold]  {verdict.level or 'nothing'}, score {verdict.score:.3f}"
            + ("" if model is None else " (0.5 and above is raised)")
        )
        for span in verdict.spans:
            console.print(f"  from {span.start} to {span.end}: {escape(text[span.start : span.end])}")
    # before the rules are listed: those that name a group are looked for only where the tag stands
    tagged = tags(conversation, found, pack)
    for kind in Kind:
        for hit in found.of(kind):
            _show_hit(found, Match(hit, found.start(hit), hit.end), console)
    facts = ears(conversation, found, pack)
    acts = [act for act in ("empathize", "acknowledge", "reflect", "support") if getattr(facts, act)]
    console.print(f"[bold]ears[/bold]  {', '.join(acts) or 'none'}")
    said = categories(conversation, found, pack, Origin("")).categories
    console.print(f"[bold]categories[/bold]  {', '.join(f'{c.name} {c.confidence:g}' for c in said)}")
    names = [name for name in ("bias", "grounded") if getattr(tagged, name) is not None]
    console.print(f"[bold]tags[/bold]  {', '.join(names) or 'none'}")
    spans = pii(conversation, found, pack)
    console.print(f"[bold]pii[/bold]  {spans.status}: {', '.join(s.type for s in spans.spans) or 'none'}")


def _show_hit(found: Scan, match: Match, console: Console) -> None:
    guards = [guard.id for guard in match.hit.rule.guards if applies(guard, found, match)]
    silent = f", explained away by {', '.join(guards)}" if guards else ""
    console.print(f"  {match.hit.rule.id} matched from {match.start} to {match.end}{silent}")
