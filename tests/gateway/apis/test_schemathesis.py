"""The OpenAPI document and the HTTP APIs, held against each other by schemathesis."""

from tempfile import TemporaryDirectory
from typing import Any, cast

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from gateway.apis.app import app
from gateway.config import CacheConfig, JobsConfig, Limits
from gateway.core import Core
from gateway.jobs import Jobs
from tests.gateway.conftest import FakeCore, final, tone

KEPT = TemporaryDirectory()


def _app() -> Any:
    core = FakeCore()
    core.answers = [final("alfa bravo", words=("alfa", "bravo"))]
    return app(
        cast(Core, core),
        Limits(upload_bytes=200_000, audio_s=10.0, request_s=5.0),
        CacheConfig(),
        Jobs(cast(Core, core), JobsConfig(folder=KEPT.name, reserve_bytes=0)),
    )


TALK = tone(0.5)
# A form's fields are strings, an empty one is not given, and no schema says what a recording is.
FORMS = [negative_data_rejection, positive_data_acceptance]
# A route leads to aliases that are there, a plan rises, a job or file is where it may be, bare samples have a rate, of
# three parameters one is given: no schema says that either.
LOOSE = (
    "/v1/routes/change",
    "/v1/rollouts/begin",
    "/v1/rollouts/stop",
    "/v1/jobs",
    "/v1/audio/separate/batch",
    "/v1/files",
    "/v1/batches",
    "/v1/listen",
    "/v1/data",
    "/v1/data/{key}",
)
SOCKETS = "/v1/(pipeline|realtime.*|operations|twilio|calls/.*)"  # what a plain GET of them gets has a test of its own

ENDLESS = "/v1/operations"  # tests/gateway/report/test_operations.py

schemathesis.openapi.format("binary", st.just(TALK))
schema = schemathesis.openapi.from_asgi("/openapi.json", _app()).exclude(path_regex=f"{SOCKETS}|{ENDLESS}")
schema = schema.exclude(path="/v1/listen", method="GET")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_operations_do_what_the_document_says(case: Any) -> None:
    """Whatever fits the schema, and much that does not, gets an answer that the document knows."""
    if isinstance(case.body, dict) and case.body.get("file") == "talk.wav":
        case.body["file"] = TALK  # the document's example names a file
    loose = "form" in (case.media_type or "") or case.path in LOOSE
    case.call_and_validate(excluded_checks=FORMS if loose else None)
