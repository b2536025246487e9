"""Writes a conversation in every shape, as a source would: what the round trip through convert is tested with."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Turn = tuple[str, str]
Turns = Sequence[Turn]


class Shape(NamedTuple):
    """How a shape is written. `most`: the turns it can hold; `least`: those it needs; the user opens them all."""

    write: Callable[[Turns], Any]
    least: int = 2
    most: int = 8
    # a dialogue up to the question that nobody has answered yet
    ends_open: bool = True
    # all turns stand in one string
    is_one_text: bool = False


def _messages(role: str, text: str, user: str, assistant: str) -> Callable[[Turns], list[dict[str, str]]]:
    return lambda turns: [{role: user if who == "user" else assistant, text: said} for who, said in turns]


def _rounds(turns: Turns, asked: str = "input", answered: str = "output") -> list[dict[str, str]]:
    said = [text for _, text in turns]
    return [
        {asked: one, answered: other} for one, other in zip(said[::2], said[1::2], strict=True)
    ]  # fmt: skip


def _two(asked: str, answered: str, **more: Any) -> Callable[[Turns], dict[str, Any]]:
    return lambda turns: {asked: turns[0][1], answered: turns[1][1], **more}


def _with_history(asked: str, answered: str) -> Callable[[Turns], dict[str, Any]]:
    return lambda turns: {
        "history": [[turns[at][1], turns[at + 1][1]] for at in range(0, len(turns) - 2, 2)],
        asked: turns[-2][1],
        answered: turns[-1][1],
    }


def _tagged(user: str, assistant: str, between: str = "\n", before: str = "") -> Callable[[Turns], Any]:
    return lambda turns: {
        "text": between.join(f"{before}{user if who == 'user' else assistant} {said}" for who, said in turns)
    }


def _chosen(turns: Turns) -> dict[str, Any]:
    reply = {"role": "assistant", "content": [{"type": "text", "text": turns[-1][1]}]}
    return {"prompt": CHAT(turns[:-1]), "chosen": [reply], "rejected": [{**reply, "content": "No."}]}


def _folded(turns: Turns) -> dict[str, Any]:
    lines = [f"{'Client' if who == 'user' else 'Therapist'}: {said}" for who, said in turns[:-1]]
    return {"instruction": "\n".join([*lines, "Therapist:"]), "input": "", "output": turns[-1][1]}


def _candidates(turns: Turns) -> dict[str, Any]:
    texts = [said for _, said in turns]
    return {"utterances": [{"history": texts[:-1], "candidates": ["Something else.", texts[-1]]}]}


CHAT = _messages("role", "content", "user", "assistant")

# by name of the shape: every way in which the contract says that it is written
WRITERS: dict[str, dict[str, Shape]] = {
    "chat": {
        "messages": Shape(lambda turns: {"id": 1, "messages": CHAT(turns)}, 1),
        "a bare list": Shape(CHAT, 1),
        "capitals": Shape(lambda t: {"MESSAGES": _messages("Role", "Content", "CLIENT", "Therapist")(t)}, 1),
        "blocks": Shape(
            lambda turns: {
                "messages": [
                    {"role": who, "content": [{"type": "text", "value": said}]} for who, said in turns
                ]
            },
            1,
        ),
    },
    "sharegpt": {
        "from": Shape(lambda t: {"conversations": _messages("from", "value", "human", "gpt")(t)}, 1),
        "role": Shape(lambda t: {"conversations": CHAT(t)}, 1),
        "lists": Shape(lambda t: {"conversations": [[message] for message in CHAT(t)]}, 1),
        "pairs": Shape(lambda t: {"conversations": [list(turn) for turn in t]}, 1),
    },
    "turns": {
        "speaker": Shape(
            lambda t: {"conversation": _messages("speaker", "text", "seeker", "supporter")(t)}, 1
        ),
        "dialog": Shape(lambda t: {"dialog": _messages("speaker", "content", "patient", "doctor")(t)}, 1),
        "turns": Shape(lambda t: {"turns": _messages("role", "text", "student", "agent")(t)}, 1),
        "rounds": Shape(lambda t: {"conversation": _rounds(t)}, ends_open=False),
    },
    "candidates": {"utterances": Shape(_candidates, ends_open=False)},
    "utterances": {
        "utterances": Shape(
            lambda t: {"utterances": _messages("speaker", "text", "client", "therapist")(t)}, 1
        )
    },
    "tree": {"path": Shape(lambda t: {"path": _messages("role", "text", "prompter", "assistant")(t)}, 1)},
    "context_response": {
        "capitals": Shape(_two("CONTEXT", "Response"), most=2),
        "under data": Shape(lambda t: {"data": _two("Context", "Response")(t)}, most=2),
    },
    "tagged_text": {
        "angles": Shape(_tagged("<HUMAN>:", "<ASSISTANT>:", " "), is_one_text=True),
        "human and gpt": Shape(_tagged("human:", "gpt:"), is_one_text=True),
        "times": Shape(_tagged("Client:", "Therapist:", before="[00:01:02] "), is_one_text=True),
    },
    "pairs": {
        f"{asked} and {answered}": Shape(_two(asked, answered), most=2)
        for asked, answered in (
            ("prompt", "response"),
            ("prompt", "completion"),
            ("input", "output"),
            ("Question", "Answer"),
            ("user", "assistant"),
            ("client", "therapist"),
            ("text", "response"),
            ("query", "GPT-4o"),
        )
    }
    | {"history": Shape(_with_history("prompt", "response"), ends_open=False)},
    "instruction": {
        "Alpaca": Shape(_two("instruction", "output", input=""), most=2),
        "Dolly": Shape(_two("instruction", "response", context=None), most=2),
        "history": Shape(_with_history("instruction", "output"), ends_open=False),
        "folded": Shape(_folded, least=4, ends_open=False, is_one_text=True),
    },
    "counsel_chat": {"title": Shape(_two("questionTitle", "answerText", questionText=""), most=2)},
    "reasoning": {"cot": Shape(_two("question", "answer", cot="First this, then that."), most=2)},
    "preference": {
        "DPO": Shape(_two("prompt", "chosen", rejected="No."), most=2),
        "messages": Shape(_chosen, ends_open=False),
        "KTO": Shape(lambda t: {"messages": CHAT(t), "label": True}),
    },
    "clinical": {},
    "forum": {"post": Shape(_two("post", "comment", title=""), most=2)},
    "text_only": {
        "text": Shape(lambda t: {"text": t[0][1]}, 1, 1),
        "content": Shape(lambda t: {"content": t[0][1]}, 1, 1),
    },
    "one_side": {"question": Shape(lambda t: {"id": 1, "question": t[0][1]}, 1, 1)},
}
