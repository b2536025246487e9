"""No silent skips: a run ends by naming what it left out and why."""

from collections import defaultdict

import pytest

TITLE = "Skipped, and why"


def reasons(skipped: list[pytest.TestReport | pytest.CollectReport]) -> dict[str, list[str]]:
    """The names of skipped tests by reason."""
    found: dict[str, list[str]] = defaultdict(list)
    for report in skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found[why.removeprefix("Skipped: ")].append(report.nodeid)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    write = terminalreporter.write_line
    terminalreporter.section(TITLE)
    deselected = terminalreporter.stats.get("deselected", [])
    if deselected:
        chosen = config.getoption("markexpr") or config.getoption("keyword") or "the command line"
        write(f"{len(deselected)} tests: not chosen ({chosen})")
    by_reason = reasons(terminalreporter.stats.get("skipped", []))
    for why, names in sorted(by_reason.items()):
        write(f"{len(names)} tests: {why}")
        for name in names:
            write(f"    {name}")
    for report in terminalreporter.stats.get("xfailed", []):
        write(f"1 test: expected to fail: {getattr(report, 'wasxfail', '') or 'no reason given'}")
        write(f"    {report.nodeid}")
    if not (deselected or by_reason or terminalreporter.stats.get("xfailed")):
        write("Nothing was skipped.")
