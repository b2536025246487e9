"""Which keys below a prefix are read: include and exclude globs, as .gitignore and shells write them."""

import re
from collections.abc import Sequence

_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def compiled(glob: str) -> re.Pattern[str]:
    """A glob over a whole relative key. `*` stops at a slash, `**` does not; one without a slash is of any folder.

    Raises ValueError for an empty one.
    """
    if not glob.strip():
        raise ValueError("an empty glob; for example **/*.jsonl")
    anchored = glob.lstrip("/") if "/" in glob else f"**/{glob}"
    if anchored.endswith("/"):
        anchored += "**"
    return re.compile("".join(_meaning(part) for part in _PART.findall(anchored)), re.DOTALL)


def _meaning(part: str) -> str:
    if part in _MEANING:
        return _MEANING[part]
    if len(part) > 1:  # [abc], [!abc]
        inner = part[1:-1].replace("\\", "\\\\")
        return f"[{'^' + inner[1:] if inner.startswith('!') else inner.replace('^', chr(92) + '^')}]"
    return re.escape(part)


class KeyGlobs:
    """Lets a key through that one of `include` fits (none: every key) and none of `exclude`."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._include = [compiled(glob) for glob in include]
        self._exclude = [compiled(glob) for glob in exclude]

    def let_through(self, key: str) -> bool:
        if any(glob.fullmatch(key) for glob in self._exclude):
            return False
        return not self._include or any(glob.fullmatch(key) for glob in self._include)
