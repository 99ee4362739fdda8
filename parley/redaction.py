"""Secrets in a text -> dots, wherever they may stand. Must not know who wrote the text.

Libraries log headers and URLs at DEBUG; whoever reads logs must not find keys there.
"""

import re
from collections.abc import Iterable

DOTS = "[redacted]"
SHORTEST = 8  # characters of a secret that is known by itself: a shorter one may be anything
_NAMES = r"(?:proxy-)?authorization|x[-_]?i?[-_]?api[-_]?key|api[-_]?key|(?:access|parley)?[-_]?token|secret|password"
_BETWEEN = r"""["'\\]*(?:\s*[:=]\s*|["']\s*,\s*)(?:b(?=["']))?["'\\]*"""
_SCHEME = r"(?:(?:bearer|basic|token|digest)\s+)?"
_VALUE = r"""[^\s"'\\,;&)}\]]+"""
_RULES = (
    re.compile(rf"(?i)(\b(?:{_NAMES})\b{_BETWEEN}{_SCHEME}){_VALUE}"),
    re.compile(rf"(?i)([?&](?:key|sig|signature|auth)=){_VALUE}"),
    re.compile(rf"(?i)(\b(?:set-)?cookie\b{_BETWEEN})[^\"'\\]+"),
    re.compile(rf"(?i)(\bbearer\s+){_VALUE}"),
    re.compile(rf"(?i)(openai-insecure-api-key\.){_VALUE}"),
    re.compile(r"(://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"),
    re.compile(r"\b(pk_[0-9a-f]{8}_)[\w-]+"),
)


class Redaction:
    """What is written through it has no secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = [re.escape(secret) for secret in secrets if len(secret) >= SHORTEST]
        self._known = re.compile("|".join(known)) if known else None

    def of(self, text: str) -> str:
        """The same text, with dots where secrets were."""
        if self._known:
            text = self._known.sub(DOTS, text)
        for rule in _RULES:
            text = rule.sub(rf"\g<1>{DOTS}", text)
        return text
