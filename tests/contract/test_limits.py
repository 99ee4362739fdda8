"""docs/limits.md says what the code does: every bound with its default, and none is left out.

Its last two tables are written from the code: `python -m tests.contract.test_limits`.
"""

import dataclasses
import importlib
import pkgutil
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import parley.v1
from gateway.config import GatewayConfig
from parley.config import Within
from parley.engines import backends
from parley.engines.declared import BACKENDS
from parley.serving.batcher import BatchConfig
from parley.serving.stage import ServiceConfig
from parley.v1 import rule_pb2
from services.jobs.config import WorkerConfig
from tests.contract.source import ROOT, modules

PAGE = ROOT / "docs/limits.md"
TEXT = PAGE.read_text("utf-8")
WRITE = "python -m tests.contract.test_limits writes the table."
UNITS = {"%": 0.01, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
STAGES = ("asr", "denoise", "diarize", "translate")
# A number under these that is missing is a bound that nobody is told of.
WHOLE = ("limits", "cache", "breaker", "calls", "failover")


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Every row of the tables of settings."""
    for line in TEXT.split("## Fields of messages")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 4 and cells[2].startswith("`"):
            yield cells[0], cells[1], cells[2].split("`")[1], cells[3]


def stage(name: str) -> type[Any]:
    """A stage's config."""
    kind: type[Any] = importlib.import_module(f"services.{name}.stage").STAGE.config
    return kind


def default(setting: str) -> Any:
    """What the code says: a field's default, or a constant."""
    process, colon, path = setting.partition(": ")
    if not colon:
        module, _, name = setting.rpartition(".")
        return getattr(importlib.import_module(module), name)
    kind: Any = {"gateway": GatewayConfig, "services": ServiceConfig, "jobs": WorkerConfig}.get(process) or stage(
        process
    )
    for name in path.split("."):
        field = {each.name: each for each in dataclasses.fields(kind)}[name]
        kind = typing.get_type_hints(kind)[name]
    return field.default


def number(text: str) -> float:
    """`1,000`, `10 s`, `64 KiB`, `none`."""
    if text == "none":
        return 0.0
    found = re.fullmatch(r"([\d,.]+)(?: (\S+))?", text)
    assert found, text
    return float(found[1].replace(",", "")) * UNITS.get(found[2] or "", 1)


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[2])
def test_a_default_is_what_the_code_has(row: tuple[str, str, str, str]) -> None:
    """The number of each row, in its unit."""
    found = default(row[2])
    assert (float(found) if found else 0.0) == pytest.approx(number(row[1]))


def test_no_number_of_a_config_is_left_out() -> None:
    """Each of the gateway's limits, timeouts and retries, and of what every service has."""
    told = {setting for _, _, setting, _ in rows()}
    hints = typing.get_type_hints(GatewayConfig)
    known = {f"gateway: {path}" for table in WHOLE for path in _numbers(hints[table], f"{table}.")}
    known |= {f"services: {path}" for path in _numbers(ServiceConfig, "", inner=False)}
    known |= {f"services: batch.{path}" for path in _numbers(BatchConfig, "")}
    assert known - told == set()


def _numbers(kind: Any, where: str, *, inner: bool = True) -> Iterator[str]:
    for name, hint in typing.get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint) and inner:
            yield from _numbers(hint, f"{where}{name}.")
        elif hint in (int, float):
            yield f"{where}{name}"


def test_every_reason_is_one_that_is_given() -> None:
    """A reason in the tables stands in the code."""
    source = "".join(module.text for module in modules("gateway", "parley", "services"))
    told = {reason for *_, beyond in rows() for reason in re.findall(r"`([A-Z_]+)`", beyond)}
    assert {reason for reason in told if f'"{reason}"' not in source} == set()


def between(name: str) -> str:
    """A table that is written from the code."""
    return TEXT.split(f"<!-- {name} -->\n")[1].split(f"<!-- end of {name} -->")[0]


def test_fields_with_rules_of_their_own() -> None:
    """As their protos say."""
    assert between("fields") == fields(), WRITE


def fields() -> str:
    """The table."""
    return "\n".join(["| message | field | most |", "|---|---|---|", *_fields(), ""])


def _fields() -> Iterator[str]:
    for found in pkgutil.iter_modules(parley.v1.__path__):
        described = importlib.import_module(f"parley.v1.{found.name}").DESCRIPTOR
        for message in described.message_types_by_name.values():
            for field in message.fields:
                rule = field.GetOptions().Extensions[rule_pb2.rule]
                most = [f"{rule.entries:,} entries"] * bool(rule.entries) + [f"{rule.most:,.10g}"] * bool(rule.most)
                unit = "bytes" if field.type == field.TYPE_BYTES else "letters"
                most += [f"{rule.longest:,} {unit}"] * bool(rule.longest)
                if most:
                    yield f"| {message.name} | `{field.name}` | {', '.join(most)} |"


def test_options_of_models() -> None:
    """As their dataclasses say: for each stage, then for each backend."""
    assert between("options") == every_option(), WRITE


def every_option() -> str:
    """The table."""
    lines = ["| of | option | may hold | default |", "|---|---|---|---|"]
    for name in STAGES:
        kind = getattr(importlib.import_module(f"services.{name}.options"), f"{name.capitalize()}Options")
        lines += _options(name, kind)
    for name in BACKENDS:
        lines += _options(name, backends.load(name).Options)
    return "\n".join([*lines, ""])


def _options(of: str, kind: Any, where: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        inner = _dataclass(hints[field.name])
        if inner is not None:
            yield from _options(of, inner, f"{where}{field.name}.")
        else:
            yield f"| {of} | `{where}{field.name}` | {_may(hints[field.name])} | {_default(field)} |"


def _dataclass(hint: Any) -> Any:
    """The table that a key holds, or each entry of its list."""
    every = (hint, *typing.get_args(hint))
    return next((each for each in every if isinstance(each, type) and dataclasses.is_dataclass(each)), None)


def _may(hint: Any) -> str:
    """In words."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        bounds: Within = inner[1]
        whole = "a whole number, " if inner[0] is int else ""
        return f"{whole}{bounds.least:,g} to {bounds.most:,.10g}"
    if origin is typing.Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"a list of {_may(inner[0])}" if inner[-1] is ... else " and ".join(map(_may, inner))
    if origin is dict:
        return f"a table of {_may(inner[1])}"
    if type(None) in inner:
        return _may(inner[0])
    return {str: "text", bool: "true, false"}[hint]


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "must be given" if field.default_factory is dataclasses.MISSING else "none"
    if field.default in ("", (), None):
        return "none"
    return str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"


if __name__ == "__main__":
    for name, table in (("fields", fields()), ("options", every_option())):
        TEXT = TEXT.replace(f"<!-- {name} -->\n{between(name)}", f"<!-- {name} -->\n{table}")
    PAGE.write_text(TEXT, "utf-8")
