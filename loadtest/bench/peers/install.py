"""A virtual environment for each peer, made once, and the weights where it looks for them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from loadtest.bench.peers.peer import HUB_MODEL, Peer

INSTALL_S = 900.0  # of one call of pip
CARD = "---\nlanguage: en\nlibrary_name: ctranslate2\npipeline_tag: automatic-speech-recognition\n---\n"
FEATURES = {"feature_size": 80, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
REVISION = "0" * 40


class NotInstalled(Exception):
    """Why a peer cannot be measured here."""


def environment(peer: Peer, folder: Path, checkout: Path | None) -> Path:
    """Its Python; made anew when what it pins has changed."""
    if peer.checkout and checkout is None:
        raise NotInstalled("it is no package that pip finds; name the folder of its source: SPEACHES=folder")
    home = folder / peer.name.removesuffix("-batched")
    python, stamp = home / "bin/python", home / "installed.json"
    wanted = json.dumps([peer.pins, str(checkout) if peer.checkout else ""])
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    _run(_base(peer), "-m", "venv", str(home))
    for pins in peer.pins:
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins)
    if peer.checkout:
        _run(str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", str(checkout))
    stamp.write_text(wanted)
    return python


def _base(peer: Peer) -> str:
    if not peer.python:
        return sys.executable
    found = shutil.which(peer.python)
    # A version manager's shim is there without the version.
    if found and not subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
        return found
    raise NotInstalled(f"it wants {peer.python}, which is not here")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"pip took more than {INSTALL_S:g} s") from None
    if done.returncode:
        lines = done.stderr.splitlines() or ["pip failed and said nothing"]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        raise NotInstalled(errors[-1].removeprefix("ERROR: "))


def lay_out(weights: Path, home: Path) -> None:
    """A Hugging Face cache with one model in it, so that a peer downloads nothing."""
    model = home / "hub" / f"models--{HUB_MODEL.replace('/', '--')}"
    snapshot = model / "snapshots" / REVISION
    if snapshot.exists():
        shutil.rmtree(model)
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs/main").write_text(REVISION)
    for each in weights.iterdir():
        if each.is_file() and each.name != "CARD.md":
            shutil.copy2(each, snapshot / each.name)
    (snapshot / "README.md").write_text(CARD)
    if not (snapshot / "preprocessor_config.json").exists():
        (snapshot / "preprocessor_config.json").write_text(json.dumps(FEATURES))
