"""The pack that bench and demo run: the user's, with the gates' models read and out of reach.

Both invent texts from parts, which a model takes for what it has never seen: most of them would be diverted, and
there would be nothing to show or to measure behind the gates. So every text is read by the models as always, and
what they find raises no record; the rules do.
"""

from pathlib import Path

import yaml

from clients.packs import pack_files
from streams.rules.fields import SUFFIX, read_yaml

_OUT_OF_REACH = 50.0


def write_quiet_pack(rules: str, folder: Path) -> dict[str, bytes]:
    """The files of the pack that the settings name, their models' thresholds raised, also written into `folder`."""
    files = pack_files(rules)
    for name, body in files.items():
        read = None if name.endswith(SUFFIX) else read_yaml(body)
        if isinstance(read, dict) and read.get("kind") == "models":
            for model in read["models"]:
                model["thresholds"] = model["passage_thresholds"] = {"longer": _OUT_OF_REACH}
            files[name] = yaml.safe_dump(read).encode()
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    return files
