import pytest
from google.protobuf.message import Message

from parley.errors import BadInput, Code, Overloaded, ParleyError, UnknownModel
from parley.v1.asr_pb2 import AsrRequest
from parley.wire import protocol
from parley.wire.error_names import tree


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("retry_s", [None, 0.25])
def test_every_error_survives_the_wire(kind: type[ParleyError], retry_s: float | None) -> None:
    """Class, message and retry hint arrive as they were raised."""
    error = kind("Ärger with «this»; send that.", retry_s=retry_s)
    back = protocol.error_from(*protocol.status_of(error))
    assert (type(back), str(back), back.retry_s) == (kind, str(error), retry_s)


def test_every_code_has_its_number() -> None:
    """Our codes are gRPC's, number by number."""
    assert {code.name: protocol.CODES[code.value].name for code in Code} == {code.name: code.name for code in Code}


def test_a_stranger_s_status_is_understood_by_its_code() -> None:
    """A status without our details still becomes the nearest error, and has words."""
    code = protocol.CODES[Code.RESOURCE_EXHAUSTED.value]
    assert type(protocol.error_from(code, "", ())) is Overloaded
    assert "RESOURCE_EXHAUSTED" in str(protocol.error_from(code, "", ()))


def test_broken_details_do_not_hide_the_status() -> None:
    """Details that are no google.rpc.Status are ignored, not raised."""
    code = protocol.CODES[Code.NOT_FOUND.value]
    assert protocol.error_from(code, "gone", [(protocol.DETAILS, b"\xff\xff")]).code is Code.NOT_FOUND


def test_words_are_bounded() -> None:
    """An error that quotes its input stays small enough for trailers."""
    code, words, trailers = protocol.status_of(UnknownModel("ü" * 100_000))
    assert len(words) <= protocol.LONGEST_WORDS
    assert sum(len(value) for _, value in trailers) < 4000
    assert type(protocol.error_from(code, words, trailers)) is UnknownModel


def test_the_unexpected_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A caller learns an id and nothing else; the log has the id and the whole story."""
    shown = protocol.public(ZeroDivisionError("secret"), "asr")
    report = str(shown).split()[-1].rstrip(".")
    assert "secret" not in str(shown)
    assert shown.code is Code.INTERNAL
    assert report in caplog.text
    assert "secret" in caplog.text


def test_our_own_errors_are_shown_as_they_are() -> None:
    """What a caller can mend is told in full."""
    error = BadInput("Send less.")
    assert protocol.public(error, "asr") is error


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\xff", b"\x12\x03\x12\x01\xff"])
def test_garbage_is_not_a_message(data: bytes) -> None:
    """Bytes that do not parse are the sender's to mend."""
    with pytest.raises(BadInput, match=r"parley\.v1\.AsrRequest"):
        protocol.parse(AsrRequest, data)


def test_a_message_is_parsed() -> None:
    """What parses is given back as it was written."""
    request: Message = AsrRequest(control={"action": "CONTROL_ACTION_FLUSH"})
    assert protocol.parse(AsrRequest, request.SerializeToString()) == request
