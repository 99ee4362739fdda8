"""What a call's parameters ask for."""

import json
from contextlib import suppress

import pytest

from gateway.calls.options import NAMES, asked
from parley.errors import BadInput, FieldInvalid, ParleyError
from parley.v1.pipeline_pb2 import DenoiseFor
from tests.gateway.apis.test_garbage import GARBAGE


def test_a_call_without_parameters_is_heard() -> None:
    """With the times of words, without guesses."""
    options = asked({}, str)
    assert (options.config.asr.word_times, options.config.asr.interim_results) == (True, False)
    assert (options.webhook, options.ignored) == ("", ())


def test_everything_that_can_be_asked_for() -> None:
    """Lists stand in one text, as TwiML has no others."""
    told = {"language": "en", "model": "echo@1", "interim_results": "true", "denoise": "true", "translate": "de, fr"}
    told |= {"redact": "card,phone", "phrases": "Parley, mu-law", "webhook": "https://example.com/x", "key": "k"}
    options = asked(told, str)
    config = options.config
    assert [each.target_language for each in config.translate] == ["de", "fr"]
    assert (list(config.redact), list(config.asr.phrases)) == (["card", "phone"], ["Parley", "mu-law"])
    assert (config.models["asr"], config.asr.language, config.asr.interim_results) == ("echo@1", "en", True)
    assert config.denoise_for == DenoiseFor.DENOISE_FOR_LISTENERS
    assert (options.webhook, options.ignored) == ("https://example.com/x", ())


def test_languages_that_may_be_spoken_are_hints_where_none_is_said() -> None:
    """As in the other APIs."""
    assert list(asked({"languages": "en,de"}, str).config.asr.languages) == ["en", "de"]
    assert not asked({"languages": "en,de", "language": "en"}, str).config.asr.languages


def test_what_nobody_knows_is_named() -> None:
    """People put parameters of their own into TwiML."""
    assert asked({"agent": "Ann", "langauge": "en"}, str).ignored == ("agent", "langauge")


@pytest.mark.parametrize(
    "told", [{"language": 5}, {"interim_results": "perhaps"}, {"redact": "names"}, {"language": ["en", "de"]}]
)
def test_what_makes_no_sense_is_refused(told: dict[str, object]) -> None:
    """Before the first sound."""
    with pytest.raises(FieldInvalid):
        asked(told, str)


@pytest.mark.parametrize(
    "told", [{"translate": ",".join(["de"] * 9)}, {"webhook": "ftp://x"}, {"webhook": "https://a:b@x/"}]
)
def test_what_is_too_much_or_leads_nowhere_is_refused(told: dict[str, object]) -> None:
    """The same."""
    with pytest.raises(BadInput):
        asked(told, str)


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_parameter_breaks_a_call(name: str) -> None:
    """Whatever JSON can say: taken, or refused with a sentence."""
    for garbage in GARBAGE:
        with suppress(ValueError, RecursionError, ParleyError):
            asked({name: json.loads(garbage)}, str)
