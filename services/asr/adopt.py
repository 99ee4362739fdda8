"""`python -m services.asr.adopt FOLDER NAME VERSION CLIPS PROVENANCE`: write a folder's model.toml and try the model.

Says what it does and what it measured as lines of JSON. Must not know where the files came from.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parley.engines.model import ModelRef, read_spec
from parley.wire import protocol
from services.asr.model import describe, trial
from services.asr.model.prompting import prompting

TOML = "model.toml"


def adopt(folder: Path, name: str, version: str, clips: Path, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Describe, run, and describe again with what the run has shown."""
    given = dict(read_spec(folder).options) if (folder / TOML).exists() else {}  # whoever wrote it knows the model
    _say("looking at the files")
    found = describe.look(folder)
    ref = ModelRef.of(f"{name or found.name}@{version}")

    def write(options: dict[str, Any], metrics: dict[str, Any]) -> None:
        (folder / TOML).write_text(describe.written(ref, found, given | options, metrics, provenance), "utf-8")

    write({}, {})
    prompting(read_spec(folder))
    measured = trial.run(read_spec(folder), trial.clips(clips), _say)
    least = {"least_window_s": measured.least_window_s, "rest_s": trial.REST_S}
    write({} if given.get("short_context") else least, asdict(measured) | {"wer": measured.wer})
    spec = read_spec(folder)
    report = {"name": ref.name, "version": ref.version, "files": list(spec.files), "languages": spec.languages}
    return report | {"options": spec.options, "measured": asdict(measured) | {"wer": measured.wer}}


def _say(doing: str) -> None:
    print(json.dumps({"doing": doing}), flush=True)


def main() -> None:
    """For `parley models add`."""
    folder, name, version, clips, provenance = sys.argv[1:]
    try:
        print(json.dumps({"done": adopt(Path(folder), name, version, Path(clips), json.loads(provenance))}), flush=True)
    except Exception as error:
        shown = protocol.public(error, "the model's trial")
        print(json.dumps({"failed": str(shown), "code": shown.code.name, "reason": shown.reason}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
