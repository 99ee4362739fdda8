"""A recogniser that was fetched, described and tried by the asr service's own process. Must not know what a Whisper is.

Only that process has the libraries and knows what to ask.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.cli.show.printing import print_line
from parley.errors import BadInput
from parley.places import Places
from parley.wire.error_names import of_code

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps

STAGE, ADOPTS, CLIPS = "asr", "services.asr.adopt", "examples"


def adopted(
    where: Places, folder: Path, name: str, version: str, provenance: Mapping[str, Any], steps: "Steps"
) -> dict[str, Any]:
    """Writes its model.toml, runs it, and says what was measured."""
    words = [sys.executable, "-m", ADOPTS, str(folder.resolve()), name, version, str(where.tree / CLIPS)]
    words.append(json.dumps(provenance))
    message: dict[str, Any] = {}
    env, none = where.environment(os.environ), subprocess.DEVNULL
    with subprocess.Popen(words, env=env, stdin=none, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            message = _read(line)
            steps.say(str(message.get("doing", "")))
    if "done" in message:
        done: dict[str, Any] = message["done"]
        return done
    if "failed" in message:
        raise of_code(message["code"], message["reason"])(str(message["failed"]).replace(f"{folder.resolve()}/", ""))
    failure = f"The model's trial ended with {child.returncode} and said nothing"
    raise BadInput(f"{failure}; perhaps the system took its memory away.")


def _read(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def print_report(report: Mapping[str, Any], place: Path, *, is_own: bool) -> None:
    """For people."""
    options, measured = report["options"], report["measured"]
    languages = report["languages"]
    spoken = ", ".join(languages) if len(languages) < 6 else f"{len(languages)} languages"
    window = options.get("least_window_s", 0.0)
    model = f"{report['name']}@{report['version']}"
    for line in (
        f"{model} is in {place}",
        f"  knows {spoken}; {options['n_mels']} mel bands; {_reads(options)}",
        f"  loads in {measured['load_ms']} ms",
        f"  hears 30 s in {30 * measured['full_rtf']:.2f} s ({measured['full_rtf']:.3f} of real time)",
        f"  hears {measured['short_s']:g} s in {measured['short_s'] * measured['short_rtf']:.2f} s "
        f"({measured['short_rtf']:.3f} of real time), {_window(window, options)}",
        f"  {measured['wrong']} of {measured['words']} words wrong (WER {100 * measured['wer']:.1f} %) in {CLIPS}/",
        f"Load it: parley models load {STAGE} {model} --default{_elsewhere(place, is_own)}",
    ):
        print_line(line)


def _reads(options: Mapping[str, Any]) -> str:
    return "heeds prompts and phrases" if options.get("reads_prompts") else "heeds no prompts"


def _window(least_s: float, options: Mapping[str, Any]) -> str:
    if options.get("short_context"):
        return "in a context as long as the words"
    return f"in a context of {least_s:g} s, which costs no word"


def _elsewhere(place: Path, is_own: bool) -> str:
    return "" if is_own else f"  (where the service has models_root = {str(place.parents[2])!r})"
