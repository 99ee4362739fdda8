"""A version made of another one: its model.toml and card say from what, how, and what it cost. Must not know how."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.engines.trust import FIRST_USE, KEY, PINNED
from parley.store.describe import CARD, TOML


def write(
    original: ModelSpec, ref: ModelRef, out: Path, to: str, measured: Mapping[str, Any], *, is_sure: bool
) -> ModelSpec:
    """Beside the converted files in `out`: the others, model.toml and card. It is as sure as its original."""
    import tomlkit

    for name in original.files:
        if name not in measured["files"]:
            shutil.copyfile(original.folder / name, out / name)
    table = tomlkit.parse((original.folder / TOML).read_text("utf-8")).unwrap()
    table |= {"name": ref.name, "version": ref.version}
    table["files"] = {**table["files"], **measured["files"]}
    table["source"] = {
        "from": f"{original.ref} ({original.digest})",
        "converted": to,
        KEY: PINNED if is_sure else FIRST_USE,
    }
    table["metrics"] = {"conversion": {key: measured[key] for key in ("unit", "loss", "most_loss", "before", "after")}}
    (out / TOML).write_text(tomlkit.dumps(table), "utf-8")
    card = original.folder / CARD
    before = card.read_text("utf-8") if card.is_file() else f"# {original.ref}\n"
    (out / CARD).write_text(before.rstrip() + "\n\n" + _card(original, ref, to, measured), "utf-8")
    return read_spec(out)


def _card(original: ModelSpec, ref: ModelRef, to: str, measured: Mapping[str, Any]) -> str:
    rows = [(key, measured["before"][key], measured["after"][key]) for key in measured["before"]]
    lines = [f"## {ref}: {original.ref} in {to}", "", f"| | {original.ref} | {ref} |", "|---|---|---|"]
    lines += [f"| {key.replace('_', ' ')} | {before} | {after} |" for key, before, after in rows]
    return "\n".join([*lines, "", f"Quality is {measured['unit']}; it may lose {measured['most_loss']:g}.", ""])
