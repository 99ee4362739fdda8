"""One spelling of quotes, dashes and spaces, for models that met no other. Must not know tokens or streams."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_QUOTED = re.compile(r'" ?([^"]*?) ?"')
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."}
)


def clean(text: str) -> str:
    """What the recipe's corpus went through before training."""
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    return _SPACES.sub(" ", _QUOTED.sub(r'"\1"', text)).strip()
