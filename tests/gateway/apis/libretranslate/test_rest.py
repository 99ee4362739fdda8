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
        TO_DE | {"alternatives": -1},
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


def test_a_texts_language_is_what_most_of_it_is(client: TestClient, core: FakeCore) -> None:
    """Longer pieces weigh more, and a piece of no known language counts for none."""
    pieces = [("ja ", "de", 0.5), ("how are you ", "en", 1.0), ("???", "", 0.0)]
    core.said["translate"] = [
        {"source_text": text, "source_language": language, "source_confidence": sure} for text, language, sure in pieces
    ]
    answer = client.post("/detect", data={"q": "ja how are you ???"})
    assert answer.json() == [{"language": "en", "confidence": 66.7}, {"language": "de", "confidence": 8.3}]
    assert core.asked[0].config.detect_only


def test_a_text_of_no_known_language_has_none(client: TestClient, core: FakeCore) -> None:
    """An empty list, not a guess."""
    core.said["translate"] = [{"source_text": "???"}]
    assert client.post("/detect", json={"q": "???"}).json() == []


@pytest.mark.parametrize("body", [{}, {"q": " "}, {"q": ["a"]}, {"q": {}}])
def test_a_detection_of_nothing_is_refused(client: TestClient, body: object) -> None:
    """One text that says something."""
    answer = client.post("/detect", json=body)
    assert (answer.status_code, isinstance(answer.json()["error"], str)) == (400, True)


def test_alternatives_are_taken_and_there_are_none(client: TestClient) -> None:
    """A client that asks for three gets a list to look at."""
    body = {"q": ["a", "b"], "source": "en", "target": "de", "alternatives": 3}
    assert client.post("/translate", json=body).json()["alternatives"] == [[], []]


@pytest.mark.parametrize("path", ["/translate", "/detect"])
def test_a_key_among_the_fields_is_a_key(client: TestClient, core: FakeCore, path: str) -> None:
    """LibreTranslate's clients have no other place for it; a header goes before it."""
    client.post(path, json=TO_DE | {"api_key": "pk_1"})
    assert core.caller is not None
    assert core.caller.metadata["authorization"] == "Bearer pk_1"
    client.post(path, data=TO_DE | {"api_key": "pk_1"}, headers={"authorization": "Bearer pk_2"})
    assert core.caller.metadata["authorization"] == "Bearer pk_2"


@pytest.mark.parametrize("path", ["/translate", "/detect"])
def test_a_field_that_nobody_knows_is_told_in_a_header(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """LibreTranslate's own server takes them, so ours does; header and log say which had no effect."""
    caplog.set_level("INFO", "gateway.http.endpoint")
    plain = client.post(path, json=TO_DE)
    answer = client.post(path, json=TO_DE | {"formt": "html", "s\u00e9cret": 1})
    assert answer.json() == plain.json()
    assert answer.headers["parley-ignored"] == "formt, s%C3%A9cret"
    assert answer.headers["parley-model"] == "echo@1"
    assert "parley-ignored" not in plain.headers
    assert [record.__dict__["fields"] for record in caplog.records] == [["formt", "s\u00e9cret"]]


def test_who_translated_instead_stands_in_a_header(client: TestClient, core: FakeCore) -> None:
    """With the answer of another model; an answer of none is an error that says why."""
    fallback = {"reason": "UNAVAILABLE", "message": "It is away.", "model": "small@1"}
    core.said["translate"] = [{"source_text": "a", "text": "A", "target_language": "de", "fallback": fallback}]
    answer = client.post("/translate", json=TO_DE | {"source": "en"})
    assert (answer.json(), answer.headers["parley-notices"]) == ({"translatedText": "A"}, "translate FALLBACK")
    core.said["translate"] = [{"source_text": "a", "target_language": "de", "fallback": {**fallback, "model": ""}}]
    answer = client.post("/translate", json=TO_DE | {"source": "en"})
    assert (answer.status_code, answer.json()) == (503, {"error": "It is away."})
