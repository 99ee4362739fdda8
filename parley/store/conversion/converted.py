"""A version made of another one: its model.toml and card say from what, how, and what it cost. Must not know how."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.engines.trust import FIRST_USE, KEY, PINNED
from parley.store.describe import CARD, TOML

COSTS = ("quality", "megabytes", "memory_mb", "load_ms", "cpu_ms")


def write(
    original: ModelSpec, ref: ModelRef, out: Path, to: str, made: Mapping[str, Any], *, is_sure: bool
) -> ModelSpec:
    """Beside the converted files in `out`: the others, and model.toml. It is as sure as its original."""
    import tomlkit

    kept = [name for name in original.files if name not in made["instead_of"]]
    for name in kept:
        shutil.copyfile(original.folder / name, out / name)
    table = tomlkit.parse((original.folder / TOML).read_text("utf-8")).unwrap()
    files = {name: original.files[name] for name in kept} | made["files"]
    table |= {"name": ref.name, "version": ref.version, "files": files}
    for key, value in made["changes"].items():
        table[key] = {**table.get(key, {}), **value} if isinstance(value, dict) else value
    origin = {"from": f"{original.ref} ({original.digest})", "converted": to}
    table["source"] = {**origin, KEY: PINNED if is_sure else FIRST_USE}
    table.pop("metrics", None)  # of the original
    (out / TOML).write_text(tomlkit.dumps(table), "utf-8")
    return read_spec(out)


def tell(original: ModelSpec, made: ModelSpec, to: str, measured: Mapping[str, Any]) -> None:
    """What was measured, into both."""
    import tomlkit

    table = tomlkit.parse((made.folder / TOML).read_text("utf-8"))
    table["metrics"] = {"conversion": dict(measured)}
    (made.folder / TOML).write_text(tomlkit.dumps(table), "utf-8")
    card = original.folder / CARD
    before = card.read_text("utf-8") if card.is_file() else f"# {original.ref}\n"
    (made.folder / CARD).write_text(before.rstrip() + "\n\n" + _card(original, made.ref, to, measured), "utf-8")


def _card(original: ModelSpec, ref: ModelRef, to: str, measured: Mapping[str, Any]) -> str:
    rows = [(key, measured["before"][key], measured["after"][key]) for key in COSTS]
    lines = [f"## {ref}: {original.ref} in {to}", "", f"| | {original.ref} | {ref} |", "|---|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {before} | {after} |" for key, before, after in rows]
    return "\n".join([*lines, "", f"Quality is {measured['unit']}; it may lose {measured['most_loss']:g}.", ""])
