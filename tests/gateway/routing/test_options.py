"""Where an alias may lead."""

from gateway.routing.router import Router

ROUTES = {
    "asr/default": {"versions": {"a@1": 90, "a@2": 10, "a@3": 0}, "fallback": ["asr/small", "b@1"]},
    "asr/small": {"versions": {"s@1": 1}, "fallback": ["asr/default"]},
}


def test_every_version_that_may_serve_is_an_option() -> None:
    """Those with a weight and those that serve instead, one step far; nothing where there is no such route."""
    router = Router(ROUTES)
    assert set(router.options("asr/default")) == {"a@1", "a@2", "s@1", "b@1"}
    assert set(router.options("asr/small")) == {"s@1", "a@1", "a@2"}
    assert router.options("translate/default") == []
