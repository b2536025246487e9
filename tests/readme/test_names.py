"""All that the README names is there: files, tests, commands and their options, make targets, settings."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from console.environment import NOT_OURS
from console.main import app
from console.settings_table import env_name
from streams.settings import Settings
from tests.readme.readme_file import ROOT, readme

ROOMS = "agents|clients|console|grafana|producers|streams|tests|\\.ci"
_TOP = "Dockerfile|LICENSE|Makefile|docker-compose\\.yml|pyproject\\.toml|sources\\.example\\.yaml|uv\\.lock"
PATHS = sorted(set(re.findall(rf"(?<![\w/.-])((?:{ROOMS})/[\w./-]*[\w/]|{_TOP})(?![\w/])", readme().text)))
NAMED_TESTS = sorted(set(re.findall(r"(tests/[\w/.]+\.py)::(\w+)", readme().text)))
COMMANDS = sorted(
    {
        found
        for line in readme().typed_lines
        for found in re.findall(r"(?:^|[\s/])forebay ([a-z]+)((?: [^&|;<]*)?)", line)
    }
)
TARGETS = sorted(
    {target for line in readme().typed_lines for target in re.findall(r"(?:^|\s)make ([a-z]+)", line)}
)
VARIABLES = sorted(set(re.findall(r"FOREBAY_[A-Z0-9_]*[A-Z0-9]", readme().text)))


@cache
def defined_in(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def recipe_of(target: str) -> str:
    """The lines of a Makefile target."""
    found = re.search(
        rf"^{target}:[^\n]*\n((?:\t[^\n]*\n?)*)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None, f"no make target {target}"
    return found[1]


def test_the_readme_names_enough_to_be_worth_checking() -> None:
    assert len(PATHS) > 40
    assert len(NAMED_TESTS) > 20
    assert len({name for name, _ in COMMANDS}) > 10
    assert {"demo", "test"} <= set(TARGETS)


def options_of(command: str, rest: str = "") -> set[str]:
    """The options of a command of the console, or of the one below it that `rest` begins with.

    Raises AssertionError where there is none of that name.
    """
    group: Any = typer.main.get_command(app)
    assert command in group.commands, f"no command `forebay {command}`"
    found = group.commands[command]
    below = rest.split()[0] if rest.split() else ""
    if below in getattr(found, "commands", {}):
        found = found.commands[below]
    return {option for one in found.params for option in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()
    assert (ROOT / path).is_dir() or not path.endswith("/")


def test_every_row_of_where_do_i_leads_to_a_path() -> None:
    rows = readme().section("Where do I …").rows()
    assert len(rows) > 15
    for what, where in rows:
        assert any(path in where for path in PATHS), what


@pytest.mark.parametrize(("path", "name"), NAMED_TESTS)
def test_every_test_is_there(path: str, name: str) -> None:
    assert name in defined_in(ROOT / path)


def test_every_promise_has_its_test() -> None:
    rows = readme().section("Promises").rows()
    assert len(rows) > 20
    for what, holds, test in rows:
        assert holds, what
        assert tuple(test.strip("`").split("::")) in NAMED_TESTS, what


def test_every_file_of_promises_is_named() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "promises").glob("test_*.py")}
    assert files <= {path for path, _ in NAMED_TESTS}


@pytest.mark.parametrize(("name", "rest"), COMMANDS)
def test_every_command_and_option_is_there(name: str, rest: str) -> None:
    taken = options_of(name, rest)
    assert set(re.findall(r"--[a-z-]+", rest)) <= taken


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_there_and_so_is_the_command_that_it_runs(target: str) -> None:
    for command in re.findall(r"\$\(BIN\)/forebay ([a-z]+)", recipe_of(target)):
        options_of(command)


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_is_a_setting_or_one_that_tests_read(variable: str) -> None:
    if variable.startswith(NOT_OURS):
        assert any(
            f'environ.get("{variable}"' in path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")
        )
    else:
        assert variable in {env_name(name) for name in Settings.model_fields}


@pytest.mark.parametrize("link", readme().links)
def test_every_link_leads_to_a_file_or_a_heading(link: str) -> None:
    assert not link.startswith("http"), "links that no test can follow rot unseen"
    path, _, anchor = link.partition("#")
    assert (ROOT / path).exists()
    if anchor:
        headings = [heading.lower().replace(" ", "-").replace("…", "") for heading in readme().headings]
        assert anchor in headings
