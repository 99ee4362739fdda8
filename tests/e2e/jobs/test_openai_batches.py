"""OpenAI's own Python package, its files and batches, against real processes; it changes nothing but its base URL."""

from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.foreign import spoken_to
from tests.e2e.jobs.cluster import JobsCluster
from tests.gateway.conftest import tone

pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the package got."""
    file = tmp_path_factory.mktemp("talk") / "talk.wav"
    file.write_bytes(tone(2.5))
    async with JobsCluster(tmp_path_factory.mktemp("batches")) as cluster:
        return await spoken_to("openai_batches", f"http://{cluster.http}/v1", str(file))


def test_every_line_is_answered_once(told: dict[str, Any]) -> None:
    """In the order of the lines and in the shape that each asked for; what failed stands in the error file."""
    batch, output = told["ended"], told["output"]
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 7, "completed": 6, "failed": 1}
    assert [each["custom_id"] for each in output] == ["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
    assert {each["response"]["status_code"] for each in output} == {200}
    bodies = {each["custom_id"]: each["response"]["body"] for each in output}
    words = bodies["json"]["text"]
    assert len(words.split()) == 5
    assert bodies["text"] == words + "\n"
    assert all(words in bodies[shape] for shape in ("srt", "vtt"))
    assert bodies["verbose_json"]["text"] == bodies["diarized_json"]["text"] == words
    assert bodies["diarized_json"]["segments"][0]["speaker"] == "A"
    (failed,) = told["errors"]
    assert (failed["custom_id"], failed["response"], failed["error"]["code"]) == ("x", None, "undecodable_media")
    assert told["english"][0]["response"]["body"]["text"]


def test_a_batch_is_the_packages_own_class(told: dict[str, Any]) -> None:
    """With everything that it was given, and its times."""
    created, over = told["created"], told["ended"]
    assert created["status"] in ("in_progress", "completed")
    assert (over["metadata"], over["completion_window"]) == ({"day": "monday"}, "24h")
    assert over["created_at"] <= over["completed_at"] < over["expires_at"]
    assert told["sound"]["expires_at"] - told["sound"]["created_at"] == 3600
    assert (told["sound"]["filename"], told["again"]) == ("talk.wav", True)


def test_what_is_not_heeded_of_a_batch_is_said(told: dict[str, Any]) -> None:
    """In a header, as everywhere."""
    assert told["unheeded"] == "output_expires_after"


def test_a_batch_with_a_wrong_line_makes_no_jobs(told: dict[str, Any]) -> None:
    """Each wrong line is named."""
    wrong = told["wrong"]
    assert (wrong["status"], wrong["request_counts"]["total"]) == ("failed", 0)
    found = [(each["line"], each["param"]) for each in wrong["errors"]["data"]]
    assert found == [(1, "file"), (2, "bogus"), (3, "url")]


def test_a_cancelled_batch_ends_at_once(told: dict[str, Any]) -> None:
    """What was done by then is in its output."""
    cancelled = told["cancelled"]
    counts = cancelled["request_counts"]
    assert (cancelled["status"], counts["total"]) == ("cancelled", 300)
    assert counts["failed"] > 0
    assert counts["completed"] + counts["failed"] == 300


def test_lists_go_on_page_by_page(told: dict[str, Any]) -> None:
    """The package asks for the next page by itself; each batch and file comes once, the newest first."""
    assert len(told["batches"]) == len(set(told["batches"])) == 4
    assert told["batches"][-1] == told["created"]["id"]
    assert len(told["files"]) == 2
    assert told["files"][-1] == told["sound"]["id"]


def test_refusals_are_the_packages_own(told: dict[str, Any]) -> None:
    """Of what was deleted, was never there, has ended, or is not done here."""
    assert told["deleted"]["deleted"]
    assert [(each["class"], each["code"]) for each in told["refusals"]] == [
        ("NotFoundError", "file_not_found"),
        ("NotFoundError", "batch_not_found"),
        ("ConflictError", "conflict"),
        ("BadRequestError", "field_invalid"),
        ("BadRequestError", "field_invalid"),
    ]
    assert [each["param"] for each in told["refusals"][3:]] == ["input_file_id", "endpoint"]
