"""Reads README.md: its sections, the code spans in it, the tables, and what stands between two marks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Readme:
    text: str

    @property
    def fences(self) -> list[tuple[str, str]]:
        """Every fenced block as (language, content)."""
        return [(found[1], found[2]) for found in _FENCE.finditer(self.text)]

    @property
    def spans(self) -> list[str]:
        """Every inline code span outside of fenced blocks."""
        return _INLINE.findall(_FENCE.sub("", self.text))

    @property
    def typed_lines(self) -> list[str]:
        """What a person could type: lines of shell blocks, code in their comments, and inline code."""
        lines = [
            line.partition(" #") for kind, body in self.fences if kind == "sh" for line in body.splitlines()
        ]
        told = [span for _, _, comment in lines for span in _INLINE.findall(comment)]
        return [typed.strip() for typed, _, _ in lines] + told + self.spans

    @property
    def links(self) -> list[str]:
        return _LINK.findall(_FENCE.sub("", self.text))

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^## (.+)$", _FENCE.sub("", self.text), re.MULTILINE)

    def section(self, heading: str) -> "Readme":
        """The text below a heading. Raises KeyError where there is none."""
        for part in re.split(r"^## ", self.text, flags=re.MULTILINE)[1:]:
            first, _, rest = part.partition("\n")
            if first == heading:
                return Readme(rest)
        raise KeyError(heading)

    def rows(self) -> list[list[str]]:
        """Cells of the tables' rows, without headers and rulers."""
        lines = [line for line in self.text.splitlines() if line.startswith("| ")]
        cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
        headers = {
            before
            for before, after in zip(self.text.splitlines(), self.text.splitlines()[1:], strict=False)
            if after.startswith("|---")
        }
        return [row for line, row in zip(lines, cells, strict=True) if line not in headers]

    def between(self, mark: str) -> str:
        """What stands between `<!-- mark -->` and `<!-- /mark -->`. Raises ValueError without both, once each."""
        (body,) = re.findall(
            rf"^<!-- {mark} -->\n(.*?)^<!-- /{mark} -->$", self.text, re.MULTILINE | re.DOTALL
        )
        return str(body)


@cache
def readme() -> Readme:
    return Readme((ROOT / "README.md").read_text("utf-8"))
