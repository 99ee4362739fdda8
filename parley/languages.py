"""What languages are called, and what to say of one that is not known. Pure."""

from collections.abc import Sequence

NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip


def advice(tag: str, known: Sequence[str]) -> str:
    """The end of a refusal: who wrote a language's name, or three letters of it, is told its tag; else what there is.

    Two tags are not alike because their letters are: `de` is not a mistyped `en`.
    """
    meant = next((code for code, name in NAMES.items() if code in known and _means(tag.lower(), code, name)), "")
    return f"did you mean `{meant}`?" if meant else f"it knows {', '.join(known)}."


def _means(tag: str, code: str, name: str) -> bool:
    return len(tag) > 2 and (name.lower().startswith(tag) or tag.replace("_", "-").split("-")[0] == code)
