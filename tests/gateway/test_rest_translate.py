import pytest
from starlette.testclient import TestClient

from tests.gateway.conftest import FakeCore


def test_translate_answers_in_the_shape_it_was_asked(client: TestClient) -> None:
    """A string gives a string, a list a list, also of one; form and JSON alike."""
    told = {"source": "en", "target": "de"}
    assert client.post("/translate", json=told | {"q": "a b"}).json() == {"translatedText": "A B"}
    assert client.post("/translate", json=told | {"q": ["a b", "", "c"]}).json() == {"translatedText": ["A B", "", "C"]}
    assert client.post("/translate", json=told | {"q": ["x"]}).json() == {"translatedText": ["X"]}
    assert client.post("/translate", data=told | {"q": "a b"}).json() == {"translatedText": "A B"}


def test_a_text_longer_than_a_message_is_translated_whole(client: TestClient) -> None:
    """Long texts travel in pieces and come back as one."""
    text = "word " * 30_000
    answer = client.post("/translate", json={"q": [text, "x"], "source": "en", "target": "de"})
    assert answer.json()["translatedText"] == [text.upper(), "X"]


def test_auto_says_which_language_was_found(client: TestClient, core: FakeCore) -> None:
    """`auto` leaves the language open and reports what the model heard."""
    answer = client.post("/translate", json={"q": "a", "source": "auto", "target": "de"}).json()
    assert answer["detectedLanguage"] == {"language": "en", "confidence": 100}
    assert core.asked[0].config.source_language == ""


TO_DE = {"q": "a", "target": "de"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"q": "a"},
        TO_DE | {"q": 5},
        TO_DE | {"q": [[]]},
        TO_DE | {"q": ["a"] * 129},
        TO_DE | {"q": {}},
        TO_DE | {"format": "html"},
        TO_DE | {"target": None},
        TO_DE | {"source": []},
    ],
)
def test_a_bad_translation_request_is_told_in_libretranslates_shape(client: TestClient, body: object) -> None:
    """The error is one string."""
    answer = client.post("/translate", json=body)
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_refused(client: TestClient, body: bytes) -> None:
    """Whatever the bytes, the answer is a 400."""
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
