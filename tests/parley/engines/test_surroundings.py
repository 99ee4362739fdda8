"""What a process gives the models that it opens."""

from pathlib import Path

import pytest

from parley import config
from parley.engines.surroundings import RemoteServer, Surroundings
from parley.errors import BadConfig
from parley.serving.stage import ServiceConfig

HERE = {"listen": "unix:/x", "models": ("a@1",)}
URL = "http://127.0.0.1:8000/v1"


def test_another_process_hears_all_of_it() -> None:
    """Keys, too; nothing told is nothing around."""
    around = Surroundings((Path("a"), Path("b")), {"x": RemoteServer(URL, "secret")})
    assert Surroundings.heard(around.told()) == around
    assert Surroundings.heard("") == Surroundings()


def test_no_key_is_shown() -> None:
    """Whoever prints a config prints no secret."""
    settings = config.build(ServiceConfig, {**HERE, "servers": {"x": {"base_url": URL, "api_key": "secret"}}})
    assert settings.servers["x"].api_key == "secret"
    assert "secret" not in repr(settings)


def test_a_key_may_come_from_the_environment() -> None:
    """Beside an address in the file, or with it."""
    table = config.build(ServiceConfig, HERE)
    assert table.servers == {}
    env = {"PARLEY_SERVERS__GPU_BOX__BASE_URL": URL, "PARLEY_SERVERS__GPU_BOX__API_KEY": "secret"}
    laid = config.overlaid(ServiceConfig, {**HERE, "servers": {"gpu_box": {"base_url": "http://a/v1"}}}, env, "")
    assert laid.servers == {"gpu_box": RemoteServer(URL, "secret")}


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://a/v1", "http://", "http://a/v1?x=1", "http://[", "http://a:x/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """With one that would be."""
    with pytest.raises(BadConfig, match=r"write e\.g\. http://127\.0\.0\.1:8000/v1"):
        RemoteServer(url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """Addresses are shown; keys are not."""
    with pytest.raises(BadConfig) as refused:
        RemoteServer("http://ann:hunter2@a/v1")
    assert "api_key" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_key_that_no_header_carries_is_refused() -> None:
    """A line break in a secret would be a header of somebody else's choice."""
    with pytest.raises(BadConfig, match="no header can carry"):
        RemoteServer(URL, "a\r\nx: y")


@pytest.mark.parametrize("name", ["GPU", "a__b", "a-b", "", "_a"])
def test_a_name_that_no_variable_carries_is_refused(name: str) -> None:
    """PARLEY_SERVERS__<NAME>__API_KEY must lead to it."""
    with pytest.raises(BadConfig, match="small letters, digits and single _"):
        config.build(ServiceConfig, {**HERE, "servers": {name: {"base_url": URL}}})
