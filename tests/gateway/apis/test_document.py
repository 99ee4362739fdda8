import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.apis.document import DOCUMENT


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    return (
        (path, method, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    )


def test_every_route_is_in_the_document_and_the_other_way_round(http_app: Starlette) -> None:
    """No operation is hidden, and none is promised that is not there."""
    routes = [route for route in http_app.routes if isinstance(route, Route) and route.include_in_schema]
    served = {(route.path, method.lower()) for route in routes for method in route.methods or () if method != "HEAD"}
    assert served == {(path, method) for path, method, _ in _operations()}


def test_the_document_is_json(client: TestClient) -> None:
    """Strictly: no NaN, no Python."""
    assert json.loads(client.get("/openapi.json").text) == json.loads(json.dumps(DOCUMENT, allow_nan=False))


def test_every_answer_and_body_has_an_example() -> None:
    """A reader sees what to send and what comes back."""
    for path, method, operation in _operations():
        bodies = [operation["responses"][good]["content"] for good in ("200", "101") if good in operation["responses"]]
        bodies.append(operation.get("requestBody", {}).get("content", {}))
        assert all("example" in body for content in bodies for body in content.values()), (path, method)


def test_every_reference_leads_somewhere() -> None:
    """No schema is missing."""
    refs = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert refs <= set(DOCUMENT["components"]["schemas"])
    assert {"PipelineConfig", "Turn", "Error"} <= refs | set(DOCUMENT["components"]["schemas"])
