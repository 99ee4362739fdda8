"""Who may import whom inside gateway/, loadtest/ and parley/: floors, from the top down to the ground.

What stands on a floor may import from any floor below it and from nothing else. The rooms are the packages and modules
one level below; generated code is none of them.
"""

from collections.abc import Iterator

import pytest

from tests.contract.source import Module, loaded_after, modules

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "gateway": (
        ("__main__",),
        ("apis", "references"),
        ("calls", "forgetting", "jobs", "recordings", "sessions", "voices"),
        ("core",),
        ("report", "rollouts"),
        ("pipeline", "routing"),
        ("audio", "http"),
        ("access", "replicas"),
        ("caller", "config", "metrics"),
    ),
    "loadtest": (
        ("sla",),
        ("bench",),
        ("clients", "target"),
        ("scenario",),
        ("address", "measured", "promises"),
    ),
    "parley": (
        ("cli",),
        ("audit", "client", "jobs", "serving", "store"),
        ("audio", "engines", "places", "telemetry", "wire"),
        ("beside", "config", "traces"),
        (
            "bleu",
            "budget",
            "costs",
            "diarization_error",
            "disk",
            "edit_distance",
            "errors",
            "extras",
            "languages",
            "machine",
            "nearest",
            "plain_words",
            "redaction",
        ),
    ),
}
WITHOUT_HTTP = (
    "config",
    "caller",
    "metrics",
    "access",
    "audio",
    "replicas",
    "routing",
    "pipeline",
    "report",
    "rollouts",
    "core",
)
HTTP = ("starlette", "uvicorn", "gateway.http", "gateway.apis")


def room_of(module: Module) -> str:
    """The package or module right under the top one; empty: the top one's own __init__."""
    name = module.path.split("/")[1].removesuffix(".py")
    return "" if name == "__init__" else name


def floor(top: str, room: str) -> int:
    """From 0, the top."""
    found = [number for number, rooms in enumerate(FLOORS[top]) if room in rooms]
    assert len(found) == 1, f"{top}/{room} stands on {len(found)} floors; give it one in {__name__}.FLOORS."
    return found[0]


def upward(module: Module) -> Iterator[str]:
    """Imports that do not go down."""
    top, room = module.path.split("/")[0], room_of(module)
    for name in module.imports():
        where, _, inner = name.partition(".")
        other = inner.partition(".")[0]
        if where != top or other in ("", room, "v1", "compat"):
            continue
        if not room or floor(top, other) <= floor(top, room):
            yield f"{module.path} imports {name}: {other} is not below {room or top}"


def arrows(every: list[Module]) -> dict[str, set[str]]:
    """File -> the files that it imports; a name that is no file is one in the file before the last dot."""
    paths = {each.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): each.path for each in every}

    def files(names: Iterator[str]) -> set[str]:
        return {paths[at] for name in names if (at := name if name in paths else name.rpartition(".")[0]) in paths}

    return {each.path: files(each.imports()) for each in every}


def circle(every: list[Module]) -> list[str]:
    """Files that import each other, directly or by others, and those above them; empty: there are none."""
    left = arrows(every)
    while free := [path for path, others in left.items() if not (others - {path}) & set(left)]:
        for path in free:
            del left[path]
    return sorted(left)


@pytest.mark.parametrize("top", FLOORS)
def test_every_arrow_goes_down(top: str) -> None:
    """No room imports one beside it or above it."""
    assert [line for module in modules(top) for line in upward(module)] == []


@pytest.mark.parametrize("top", FLOORS)
def test_every_room_has_its_floor(top: str) -> None:
    """A new package or module is placed before it is imported."""
    assert {floor(top, room) for module in modules(top) if (room := room_of(module))} <= set(range(len(FLOORS[top])))


@pytest.mark.parametrize("top", [*FLOORS, "models"])
def test_no_files_import_each_other(top: str) -> None:
    """Neither within a room nor across rooms."""
    assert circle(modules(top)) == []


def test_the_gateway_has_eight_floors_at_most() -> None:
    """Its entry point not counted."""
    assert len([rooms for rooms in FLOORS["gateway"] if rooms != ("__main__",)]) <= 8


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/core.py", "from gateway.apis import calls"),
        ("gateway/pipeline/plan.py", "from gateway.routing.router import Router"),
        ("gateway/routing/router.py", "import gateway.pipeline.plan"),
        ("gateway/replicas/pool.py", "def later():\n    from ..core import Core"),
        ("gateway/__init__.py", "from gateway.core import Core"),
        ("loadtest/measured/hdr.py", "from loadtest.sla.judge import judge"),
        ("parley/wire/tls.py", "from parley.client import Client"),
    ],
)
def test_a_bad_arrow_is_found(path: str, text: str) -> None:
    """The checker is not blind: each of these planted imports is reported."""
    assert list(upward(Module(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/core.py", "from gateway.pipeline.plan import Plan\nimport gateway.config"),
        ("gateway/core.py", "from gateway.core import Core"),
        ("gateway/apis/riva/server.py", "from gateway import report\nfrom parley.v1 import asr_pb2"),
        ("parley/errors.py", "from parley.v1 import asr_pb2"),
    ],
)
def test_a_good_arrow_is_left_alone(path: str, text: str) -> None:
    """The checker does not cry wolf."""
    assert list(upward(Module(path, text))) == []


def test_a_room_without_a_floor_is_found() -> None:
    """Who adds one is told where to place it."""
    with pytest.raises(AssertionError, match="gateway/cellar stands on 0 floors; give it one"):
        list(upward(Module("gateway/cellar.py", "import gateway.config")))


def test_a_circle_is_found() -> None:
    """Also one of three files, and one made by an import inside a function."""
    a, b = Module("x/a.py", "import x.b"), Module("x/b.py", "from x.c import thing")
    c = Module("x/c.py", "def later():\n    from x import a")
    assert circle([a, b, c, Module("x/d.py", "import x.a")]) != []
    assert circle([a, b, Module("x/c.py", "import math")]) == []


def test_the_core_loads_no_http() -> None:
    """The core and everything under it run without Starlette and without an API."""
    paths = [each.path for each in modules("gateway") if room_of(each) in WITHOUT_HTTP]
    loaded = loaded_after([path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths])
    assert loaded & set(HTTP) == set()
    assert {"gateway.core", "gateway.pipeline.pipeline", "gateway.replicas.pool"} <= loaded


def test_http_that_is_loaded_is_seen() -> None:
    """The check above is not blind: an API does load all of it but the server."""
    assert loaded_after(["gateway.apis.app"]) & set(HTTP) == set(HTTP) - {"uvicorn"}
