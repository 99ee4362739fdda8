"""What model.toml says under [options], as the dataclass of who reads it. Must not know what the options mean.

A stage and a backend declare each option once, with its type, its range and its default: the stage in its options.py,
the backend as `Options` in its file. They share the table, so what neither of the two knows is refused.
"""

from dataclasses import fields
from typing import Any, TypeVar, cast

from parley import config
from parley.engines import backends
from parley.engines.model import ModelSpec
from parley.errors import BadConfig, BadModel
from parley.nearest import advice

Options = TypeVar("Options")


def read(kind: type[Options], spec: ModelSpec) -> Options:
    """A stage's own; the whole table is checked. Read once: a stream that begins has no time for it."""
    if kind not in spec.known:
        spec.known[kind] = _read(kind, spec)
    return cast(Options, spec.known[kind])


def _read(kind: type[Any], spec: ModelSpec) -> Any:
    backend = backends.load(spec.backend).Options
    both = sorted({f"options.{name}" for name in (*_names(kind), *_names(backend))})
    if strange := next((key for key in spec.options if f"options.{key}" not in both), None):
        raise fault(spec, f"`options.{strange}` is not known; {advice(f'options.{strange}', both)}")
    part(backend, spec)
    return part(kind, spec)


def part(kind: type[Options], spec: ModelSpec) -> Options:
    """What one of the two knows of the table."""
    own = _names(kind)
    try:
        return config.build(kind, {key: value for key, value in spec.options.items() if key in own}, "options")
    except BadConfig as error:
        raise fault(spec, str(error).removeprefix("The config ")) from None


def _names(kind: type[Any]) -> list[str]:
    return [each.name for each in fields(kind)]


def rate(spec: ModelSpec, lowest_hz: int, highest_hz: int) -> None:
    """Refuse a model that takes sound at another rate than its stage can give."""
    if not lowest_hz <= spec.sample_rate_hz <= highest_hz:
        wanted = f"{lowest_hz}" if lowest_hz == highest_hz else f"{lowest_hz} to {highest_hz}"
        raise fault(spec, f"`sample_rate_hz` is {spec.sample_rate_hz}; models of {spec.stage} take {wanted}.")


def fault(spec: ModelSpec, message: str) -> BadModel:
    """A mistake in the file, named."""
    return BadModel(f"{spec.folder / 'model.toml'}: {message}")
