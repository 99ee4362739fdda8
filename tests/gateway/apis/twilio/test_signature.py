"""Twilio's signature. Those expected here were made with Twilio's own package, `RequestValidator.compute_signature`."""

import pytest

from gateway.apis.twilio.signature import SignatureWrong, check
from gateway.config import TwilioConfig

URL, SIGNED = "wss://parley.example.com/v1/twilio", "jRT0Iy+hHlDM3vP4cA8H8R+66us="
WITH_SLASH, WITH_PORT = "NBnhGhv3CGtFyGKn5P/DKqL5jlw=", "VHzUuKi7daL2cjSIJn6RUEYmDSk="
QUERIED, WITH_QUERY = f"{URL}?language=en", "Vf+BxffUGEw1RcO2raVpXlDvKY8="
HERE = TwilioConfig("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("called", "signature"),
    [
        (URL, SIGNED),
        (URL, WITH_SLASH),
        (URL, WITH_PORT),
        ("wss://parley.example.com:8443/v1/twilio", SIGNED),
        (QUERIED, WITH_QUERY),
    ],
)
def test_what_twilio_signs_is_believed(called: str, signature: str) -> None:
    """However it writes the same address."""
    check(HERE, signature, called)


def test_a_former_token_and_an_address_behind_a_proxy_are_known() -> None:
    """A token is changed while calls come; a proxy calls us by another name."""
    check(TwilioConfig(f"another-token, {HERE.auth_token}"), SIGNED, URL)
    check(TwilioConfig(HERE.auth_token, URL), SIGNED, "wss://10.0.0.1:8080/twilio")


@pytest.mark.parametrize(
    ("called", "signature"),
    [(URL, ""), (URL, WITH_QUERY), ("wss://evil.example.com/v1/twilio", SIGNED), (URL, "\u00e9"), (QUERIED, SIGNED)],
)
def test_a_stranger_is_not(called: str, signature: str) -> None:
    """No signature, another one, or that of another address."""
    with pytest.raises(SignatureWrong, match="x-twilio-signature"):
        check(HERE, signature, called)


def test_without_a_token_nobody_is_asked() -> None:
    """The operator has not said whose calls are taken."""
    check(TwilioConfig(), "", URL)
