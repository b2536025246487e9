"""The commands `forebay rules check|show|test|train`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clients.errors import Fatal
from clients.packs import pack_files
from console.environment import read_settings
from streams.rules.model import GATES, Kind, Pack

rules_app = typer.Typer(
    no_args_is_help=True, help="Look at a rule pack, try it, measure it, train its models."
)

_PIPE_COLUMNS = 120
WORDS = "words"

Folder = Annotated[
    str | None, typer.Option("--rules", help="Folder of another pack than the configured one.")
]


def _console() -> Console:
    # in a pipe or a log there is no width to fit into
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_COLUMNS)


def _pack(rules: str | None) -> Pack:
    # imported here: every process of Forebay reads this file, and most of them need no models
    from clients.pack_cache import open_pack

    settings = read_settings()
    return open_pack(pack_files(settings.rules if rules is None else rules), Path(settings.state))


@rules_app.command()
def check(rules: Folder = None) -> None:
    """Prove the rules' examples, and measure gates, EARS, categories and tags on their test sets. Exit 1: a promise is broken."""
    from console.rules.check import check as check_pack

    if not check_pack(_pack(rules), _console()):
        raise typer.Exit(1)


@rules_app.command()
def show(
    rule: Annotated[str, typer.Argument(help="A rule's id, or how several begin: crisis.wish")],
    rules: Folder = None,
) -> None:
    """A rule as the pack has it: why, whose words, level, guards, examples."""
    from console.rules.show import show_rules

    show_rules(_pack(rules), rule, _console())


@rules_app.command("test")
def try_text(
    text: Annotated[str, typer.Argument(help="What somebody says.")],
    assistant: Annotated[bool, typer.Option("--assistant", help="Said by the assistant.")] = False,
    rules: Folder = None,
) -> None:
    """What the gates and every kind of rule say of a text, and why."""
    from console.rules.show import show_text

    show_text(_pack(rules), text, _console(), is_reply=assistant)


@rules_app.command()
def train(
    gate: Annotated[
        str, typer.Argument(help="crisis or unsafe_reply; words: the models of categories, EARS and tags")
    ],
    out: Annotated[Path, typer.Option(help="The pack's folder, into which the models go.")],
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Also cross-validate over writers and print the curve: minutes."),
    ] = False,
) -> None:
    """Train a gate's models, or the word models, from the examples of the package. Needs the extra `train` (scikit-learn)."""
    if gate not in {*GATES, WORDS}:
        raise Fatal(f"{gate} is no gate: crisis or unsafe_reply; or words")
    try:
        from console.rules.training import train_gate
        from console.rules.word_training import train_words
    except ModuleNotFoundError as error:
        raise Fatal(
            "training needs scikit-learn: uv sync --extra train, or pip install forebay[train]"
        ) from error
    if not out.is_dir():
        raise Fatal(f"{out} is no folder")
    if gate == WORDS:
        train_words(out, _console())
        return
    train_gate(Kind(gate), out, _console(), is_validated=validate)
