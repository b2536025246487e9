"""How the doctor's findings are shown."""

from collections.abc import Sequence

import orjson
from rich.table import Table
from rich.text import Text

from console.doctor_s3 import Found


def doctor_table(found: Sequence[Found]) -> Table:
    """A green or red line for each check, with what to do under the red ones."""
    bad = sum(not one.is_well for one in found)
    title = "All is well" if not bad else f"{bad} of {len(found)} need attention"
    table = Table(title=title, title_justify="left", show_header=False)
    for one in found:
        mark = Text("✓" if one.is_well else "✗", style="green" if one.is_well else "bold red")
        words = Text(one.found)
        if one.do and not one.is_well:
            words.append(f"\n→ {one.do}", style="yellow")
        table.add_row(mark, Text(one.what), words)
    return table


def doctor_json(found: Sequence[Found]) -> str:
    rows = [{"what": f.what, "is_well": f.is_well, "found": f.found, "do": f.do} for f in found]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()
