"""Recordings in several languages, in English."""

from starlette.testclient import TestClient

from tests.gateway.apis.openai.test_rest import TRANSLATE, WHISPER
from tests.gateway.conftest import FakeCore, final


def test_a_recording_in_two_languages_becomes_english(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Each final is translated from its own language; what is English stays, and what cannot be translated says so."""
    core.answers = [final("guten tag"), final("hello", 1000, 1500), final("saluton", 1500, 2500)]
    for each, language in zip(core.answers, ("de", "en", "eo"), strict=True):
        each.transcript.language = language
    asked = {"source_text": "guten tag", "text": "Good day", "source_language": "de", "target_language": "en"}
    lacking = {"source_text": "saluton", "text": "", "source_language": "eo", "target_language": "en"}
    core.said = {"translate": [asked, lacking]}
    answer = client.post(TRANSLATE, files={"file": talk}, data=WHISPER)
    assert answer.json()["text"] == "Good day hello saluton"
    assert answer.headers["parley-notices"] == "translate LANGUAGE_PAIR"


def test_only_what_cannot_be_translated_is_an_error(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Nothing is passed off as English."""
    core.answers = [final("saluton")]
    core.answers[0].transcript.language = "eo"
    lacking = {"source_text": "saluton", "text": "", "source_language": "eo", "target_language": "en"}
    core.said = {"translate": [lacking]}
    answer = client.post(TRANSLATE, files={"file": talk}, data=WHISPER)
    assert answer.status_code == 400
    assert "does not go from eo to English" in answer.json()["error"]["message"]
