"""Names and web pages."""

import pytest

from gateway.access.pages import Pages
from parley.errors import BadConfig, UnknownHost, UnknownOrigin

EVIL = "https://evil.example"
AT_HOME = Pages((), (), has_keys=False, is_exposed=False)
EXPOSED = Pages((), (), has_keys=False, is_exposed=True)
WITH_KEYS = Pages((), (), has_keys=True, is_exposed=True)
LISTED = Pages(["Parley.example"], ["https://app.example"], has_keys=True, is_exposed=True)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:80", "[::1]:8080", "10.0.0.7", "LOCALHOST."]
)
def test_addresses_and_localhost_are_ours(host: str) -> None:
    """Nobody can make them lead elsewhere."""
    AT_HOME.check(host, None, changes=True)
    assert AT_HOME.are_ours(host, None)


@pytest.mark.parametrize(
    "host", ["evil.example:8080", "", "localhost.evil.example", "127.0.0.1.evil.example", "[", ":80"]
)
def test_a_name_made_to_lead_here_is_refused(host: str) -> None:
    """DNS rebinding: the browser takes page and gateway for one place, so also reading is refused."""
    with pytest.raises(UnknownHost, match=r"allow\.hosts"):
        AT_HOME.check(host, None, changes=False)
    assert not EXPOSED.are_ours(host, None)


@pytest.mark.parametrize("origin", [EVIL, "null", "", "file://", "http://localhost.evil.example", "https://[", "evil"])
@pytest.mark.parametrize("pages", [AT_HOME, EXPOSED])
def test_a_strangers_page_changes_nothing(pages: Pages, origin: str) -> None:
    """Nor does it open a WebSocket; what it reads its browser keeps from it."""
    with pytest.raises(UnknownOrigin, match="`cors`"):
        pages.check("localhost:8080", origin, changes=True)
    pages.check("localhost:8080", origin, changes=False)
    assert not pages.are_ours("localhost:8080", origin)


def test_a_rebound_page_is_a_strangers_where_any_name_goes() -> None:
    """Its origin is the very name that was called, and still not ours."""
    with pytest.raises(UnknownOrigin):
        EXPOSED.check("evil.example:8080", "http://evil.example:8080", changes=True)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:3000"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("10.0.0.7:8080", "http://10.0.0.7:8080"),
        ("10.0.0.7", "http://10.0.0.7:80"),
    ],
)
def test_pages_of_this_machine_may_call(host: str, origin: str) -> None:
    """Its own, at whichever port, and those of the address that was called."""
    AT_HOME.check(host, origin, changes=True)
    assert AT_HOME.are_ours(host, origin)


def test_another_port_of_another_machine_is_another_place() -> None:
    """Who serves pages there need not be us."""
    with pytest.raises(UnknownOrigin):
        EXPOSED.check("10.0.0.7:8080", "http://10.0.0.7:9090", changes=True)


def test_with_keys_a_page_that_shows_one_may_call() -> None:
    """It was given the key; names are the operator's affair."""
    WITH_KEYS.check("parley.example", EVIL, changes=True)


def test_what_is_listed_holds_with_keys_too() -> None:
    """The names that are listed, this machine's own, and nothing else."""
    LISTED.check("parley.example:443", "https://app.example", changes=True)
    LISTED.check("parley.EXAMPLE", "https://parley.example", changes=True)
    LISTED.check("localhost", None, changes=True)
    with pytest.raises(UnknownHost):
        LISTED.check("other.example", None, changes=False)
    with pytest.raises(UnknownOrigin):
        LISTED.check("parley.example", EVIL, changes=True)


def test_a_name_may_be_written_with_its_port_and_an_origin_with_its_slash() -> None:
    """What is meant is the name; a page's port counts."""
    pages = Pages(
        ["Parley.example:8443"], ["https://App.example:444/", "https://two.example:443"], has_keys=True, is_exposed=True
    )
    pages.check("parley.example", "https://app.example:444", changes=True)
    pages.check("parley.example", "https://two.example", changes=True)
    with pytest.raises(UnknownOrigin):
        pages.check("parley.example", "https://app.example", changes=True)


@pytest.mark.parametrize(
    ("hosts", "cors", "key"),
    [
        (["*"], [], "allow.hosts"),
        (["*.example"], [], "allow.hosts"),
        ([""], [], "allow.hosts"),
        ([], ["*"], "cors"),
        ([], ["null"], "cors"),
        ([], ["app.example"], "cors"),
        ([], ["https://*.example"], "cors"),
        ([], ["https://app.example/page"], "cors"),
    ],
)
def test_what_could_never_match_does_not_start(hosts: list[str], cors: list[str], key: str) -> None:
    """Patterns are none; an origin has its scheme and no path."""
    with pytest.raises(BadConfig, match=rf"`{key}`.*example\.com"):
        Pages(hosts, cors, has_keys=True, is_exposed=True)
