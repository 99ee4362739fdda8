"""Who may import whom: services -> parley <- gateway."""

import importlib.util
import re
import tomllib
from collections.abc import Iterator

import pytest

from parley.engines.declared import BACKENDS
from tests.contract.source import ROOMS, ROOT, Module, loaded_after, modules

LIBRARIES = {
    library: f"parley/engines/backends/{each.name}.py" for each in BACKENDS.values() for library in each.libraries
}
BARE = ("loadtest/bench/stages/", "models/recipes/")  # measure us beside the libraries themselves; make the models
SPEAKS_GRPC = {f"parley/{name}.py" for name in ("serving/server", "wire/around", "wire/protocol", "client")}
SPEAKS_GRPC |= {f"gateway/{name}.py" for name in ("replicas/replica", "apis/rpc", "apis/riva/server")}
STAGES = sorted(path.parent.name for path in (ROOT / "services").glob("*/stage.py"))


def broken(module: Module) -> Iterator[str]:
    """The arrows that a file breaks."""
    room, *rest = module.path.split("/")
    for name in module.imports():
        top, *inner = name.split(".")
        if room == "services" and (top in ("gateway", "models") or (top == "services" and inner[:1] != rest[:1])):
            yield f"{module.path} imports {name}: a service knows parley and itself"
        if room == "parley" and top in ("services", "gateway", "loadtest", "models"):
            yield f"{module.path} imports {name}: parley knows nobody above it"
        if room == "gateway" and top in ("services", "numpy", "loadtest", "models"):
            yield f"{module.path} imports {name}: the gateway moves bytes"
        if room == "loadtest" and top in ("services", "gateway", "models"):
            yield f"{module.path} imports {name}: the load test knows the contract only"
        if room == "models" and top in ("gateway", "loadtest"):
            yield f"{module.path} imports {name}: a recipe knows the services that run its model"
        if top in LIBRARIES and module.path != LIBRARIES[top] and not module.path.startswith(BARE):
            yield f"{module.path} imports {name}: only {LIBRARIES[top]} may"
        if room != "loadtest" and top in ("grpc", "grpc_health", "grpc_reflection") and module.path not in SPEAKS_GRPC:
            yield f"{module.path} imports {name}: only {', '.join(sorted(SPEAKS_GRPC))} may"


def test_every_arrow_points_the_right_way() -> None:
    """No file imports what its layer must not know."""
    assert [line for module in modules(*ROOMS) for line in broken(module)] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/asr/streams/session.py", "from services.denoise.engine import Frames"),
        ("services/asr/streams/session.py", "import gateway.core"),
        ("services/asr/streams/session.py", "from ...denoise import engine"),
        ("parley/serving/stage.py", "def later():\n    from services.asr import stage"),
        ("parley/client.py", "import gateway"),
        ("gateway/core.py", "from services.asr import session"),
        ("gateway/core.py", "import numpy as np"),
        ("gateway/core.py", "import grpc"),
        ("parley/serving/session.py", "import grpc.aio"),
        ("parley/engines/backends/__init__.py", "import onnxruntime"),
        ("services/asr/model/engine.py", "from ctranslate2.models import Whisper"),
        ("loadtest/clients/talk.py", "from gateway import core"),
        ("services/asr/model/trial.py", "from models.recipes import sound"),
        ("models/recipes/served.py", "from loadtest.measured import words"),
    ],
)
def test_a_bad_arrow_is_found(path: str, text: str) -> None:
    """The checker is not blind: each of these planted imports is reported."""
    assert list(broken(Module(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "services/asr/streams/session.py",
            "from services.asr.model.engine import Recognition\nfrom parley.audio.pcm import PcmDecoder",
        ),
        ("services/asr/streams/session.py", "from ..model.engine import AsrEngine"),
        ("parley/engines/backends/onnx.py", "import onnxruntime as ort"),
        ("gateway/apis/riva/server.py", "import grpc"),
    ],
)
def test_a_good_arrow_is_left_alone(path: str, text: str) -> None:
    """The checker does not cry wolf."""
    assert list(broken(Module(path, text))) == []


def test_the_gateway_gets_no_numpy_by_a_detour() -> None:
    """Importing the whole gateway loads neither numpy nor a library that runs models."""
    names = [each.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for each in modules("gateway")]
    loaded = loaded_after([name for name in names if not name.endswith("__main__")])
    assert loaded & {"numpy", "soxr", *LIBRARIES} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_a_service_loads_no_library_before_a_model_asks(stage: str) -> None:
    """Which library runs a model is the model's choice: a stage by itself imports none."""
    assert loaded_after([f"services.{stage}.stage"]) & set(LIBRARIES) == set()


@pytest.mark.parametrize("stage", STAGES)
def test_one_word_per_stage(stage: str) -> None:
    """Folder, proto, config file, model folder and the name that the stage declares are the same word."""
    declared = importlib.import_module(f"services.{stage}.stage").STAGE
    assert declared.name == stage
    assert (ROOT / f"protos/parley/v1/{stage}.proto").exists()
    assert (ROOT / f"deploy/config/{stage}.toml").exists()
    assert list((ROOT / f"models/embedded/{stage}").glob("*/*/model.toml"))


def test_every_backend_says_what_it_needs() -> None:
    """The libraries that only a backend may import are those that our extras install for it."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(LIBRARIES) == {"ctranslate2", "onnxruntime", "openvino"}
    for each in BACKENDS.values():
        for extra in each.extras:
            packages = {re.split(r"[^\w-]", need)[0].removesuffix("-gpu") for need in known[extra]}
            assert set(each.libraries) <= packages, (each.name, extra)


def test_no_list_of_stages_to_edit() -> None:
    """A new stage needs no edit in parley: nothing in how a stage is served names one."""
    served = [m for m in modules("parley") if not m.path.startswith("parley/cli")]
    names = {f"{stage}_pb2" for stage in STAGES} | {f"parley.v1.{stage}_pb2" for stage in STAGES}
    assert [m.path for m in served for name in m.imports() if set(name.split(".")) & names] == []
