"""The header that says why routes are changed; it stands in the audit file. Pure."""

from urllib.parse import quote, unquote

WHY = "parley-why"


def header(why: str) -> dict[str, str]:
    """Percent-encoded, as headers hold no more than Latin-1."""
    return {WHY: quote(why, safe=" ,.;:/@=")} if why else {}


def said(text: str) -> str:
    """What was meant."""
    return unquote(text)
