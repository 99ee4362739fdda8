from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from parley import config
from parley.config import Within
from parley.errors import BadConfig
from parley.serving.stage import ServiceConfig


@dataclass(frozen=True)
class Batch:
    max_size: int = 4
    wait_ms: float = 0.0


@dataclass(frozen=True)
class Settings:
    listen: str
    models: tuple[str, ...] = ()
    weights: dict[str, int] = field(default_factory=dict)
    root: Path = Path("models")
    loud: bool = False
    share: float | None = None
    batch: Batch = field(default_factory=Batch)
    beam: Annotated[int, Within(1, 32)] = 1
    kind: Literal["int8", "float16"] = "int8"
    pairs: tuple[tuple[str, str], ...] = ()
    widths: dict[str, Annotated[float, Within(0, 1)]] = field(default_factory=dict)


def load(tmp_path: Path, text: str, **env: str) -> Settings:
    path = tmp_path / "asr.toml"
    path.write_text(text)
    return config.load(Settings, path, env)


def test_a_file_becomes_a_dataclass(tmp_path: Path) -> None:
    """Every kind of value arrives with its type; what is left out has its default."""
    text = (
        'listen = ":1"\nmodels = ["a@1"]\nroot = "x/y"\nloud = true\nshare = 1\n[weights]\na = 3\n[batch]\nwait_ms = 2'
    )
    want = Settings(":1", ("a@1",), {"a": 3}, Path("x/y"), True, 1.0, Batch(4, 2.0))
    assert load(tmp_path, text) == want


def test_the_environment_wins(tmp_path: Path) -> None:
    """A variable overrides the file, in tables too, and needs no quotes; other variables are not ours."""
    env = {"PARLEY_BATCH__MAX_SIZE": "8", "PARLEY_LISTEN": "unix:/tmp/x", "PARLEY_MODELS": "a@1, b@2", "HOME": "/"}
    made = load(tmp_path, 'listen = ":1"\n[batch]\nmax_size = 2', **env)
    assert (made.batch.max_size, made.listen, made.models) == (8, "unix:/tmp/x", ("a@1", "b@2"))


def test_text_stays_as_it_was_written(tmp_path: Path) -> None:
    """A text that looks like a number is not rewritten on its way through the environment."""
    assert load(tmp_path, 'listen = ":1"', PARLEY_LISTEN="1.10").listen == "1.10"


def test_an_empty_variable_is_an_empty_text(tmp_path: Path) -> None:
    """Something that is on in the file can be switched off."""
    assert load(tmp_path, 'listen = ":1"', PARLEY_LISTEN="").listen == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listne = ":1"', "did you mean `listen`"),
        ('listen = ":1"\n[batch]\nmaxsize = 1', "`batch.maxsize` is not known; did you mean `batch.max_size`"),
        ('listen = ":1"\nzzzzzzzz = 1', "known here: batch, beam, kind"),
        ("", "lacks `listen`"),
        ("listen = [", "is not TOML"),
        ("listen = true", "`listen` must be a str"),
        ('listen = ":1"\nbatch = 3', "[batch] must be a table"),
        ('listen = ":1"\n[batch]\nmax_size = 1.5', "`batch.max_size` must be a int, not 1.5"),
        ('listen = ":1"\n[batch]\nmax_size = true', "`batch.max_size` must be a int"),
        ('listen = ":1"\nmodels = [1.5, [2]]', "`models` must be a str"),
        ('listen = ":1"\n[weights]\na = "x"', "`weights.a` must be a int"),
        ('listen = ":1"\nbeam = 0', "`beam` is 0; write 1 to 32."),
        ('listen = ":1"\nbeam = 1000000000', "`beam` is 1000000000; write 1 to 32."),
        ('listen = ":1"\nkind = "int9"', "`kind` is 'int9'; did you mean `int8`?"),
        ('listen = ":1"\nkind = [1]', "`kind` is [1]; write one of int8, float16."),
        ('listen = ":1"\npairs = [["en"]]', "`pairs` must be a list of 2, not ['en']."),
        ('listen = ":1"\npairs = "en-de"', "`pairs` must be a list"),
        ('listen = ":1"\nmodels = 5', "`models` must be a list, not 5."),
        ('listen = ":1"\n[widths]\na = 1.5', "`widths.a` is 1.5; write 0 to 1."),
        ('listen = ":1"\nshare = nan', "`share` is nan; write a finite number."),
        ('listen = ":1"\nshare = 1' + "0" * 400, "write a finite number."),
        ('listen = ":1"\nbeam = 0x' + "f" * 9000, "`beam` is a number without end; write a finite number."),
        ('listen = ":1"\nbeam = ' + "9" * 9000, "is not TOML"),
        ("listen = " + "[" * 5000, "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    """A key that is unknown, missing or of the wrong type stops the start, and the message names it."""
    with pytest.raises(BadConfig) as refused:
        load(tmp_path, text)
    assert told in str(refused.value)


def test_a_variable_below_a_plain_value_is_told(tmp_path: Path) -> None:
    """PARLEY_LISTEN__PORT, where listen is a text, is a sentence and no traceback."""
    with pytest.raises(BadConfig, match="listen"):
        load(tmp_path, 'listen = ":1"', PARLEY_LISTEN__PORT="1")


def test_an_unknown_variable_is_told(tmp_path: Path) -> None:
    """A misspelt variable is an error, not a setting that silently does nothing."""
    with pytest.raises(BadConfig, match=r"did you mean `batch\.max_size`"):
        load(tmp_path, 'listen = ":1"', PARLEY_BATCH__MAXSIZE="8")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """No file, and a folder in its place, are both a sentence."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(BadConfig, match=str(path)):
            config.load(Settings, path, {})


def test_the_sections_of_a_service(tmp_path: Path) -> None:
    """The keys that the docs name are the ones that a service has."""
    env = {
        "PARLEY_LISTEN": ":1",
        "PARLEY_MODELS": "echo@1",
        "PARLEY_BATCH__WAIT_MS": "5",
        "PARLEY_TELEMETRY__METRICS": "",
    }
    made = config.load(ServiceConfig, None, env)
    assert (made.batch.wait_ms, made.telemetry.metrics, made.models) == (5.0, "", ("echo@1",))
