"""What clients of foreign APIs call a model -> what we call it. A name that nobody gave is refused. Pure."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from parley.errors import UnknownModel
from parley.nearest import advice

# What foreign services call their models, and their clients mean by it: yours. The config's own patterns go before.
STANDARD: Mapping[str, Mapping[str, str]] = {
    "asr": dict.fromkeys(
        (
            "whisper-1",
            "gpt-transcribe*",
            "gpt-live-transcribe*",
            "gpt-4o-transcribe*",
            "gpt-4o-mini-transcribe*",
            "gpt-realtime*",
            "gpt-4o-realtime*",
            "gpt-4o-mini-realtime*",
            "parakeet-*",
            "conformer-*",
            "citrinet-*",
            "canary-*",
            "nova",
            "nova-*",
            "enhanced",
            "enhanced-*",
            "base",
            "base-*",
        ),
        "asr/default",
    ),
    "translate": dict.fromkeys(
        ("riva-translate*", "riva_translate*", "megatronnmt*", "gpt-realtime-translate*"), "translate/default"
    ),
}


def ours(stage: str, name: str, aliases: Mapping[str, str], routes: Iterable[str], versions: Iterable[str]) -> str:
    """The first pattern that fits says what is meant; our own names stay; empty: the default."""
    every = set(routes)
    if not name or "@" in name or name.startswith(f"{stage}/") or f"{stage}/{name}" in every:
        return name
    patterns = [*aliases.items(), *STANDARD.get(stage, {}).items()]
    meant = next((meant for pattern, meant in patterns if fnmatchcase(name, pattern)), None)
    if meant is None:
        raise UnknownModel(refusal(stage, name, [*every, *versions, *(pattern for pattern, _ in patterns)]))
    return "" if meant == f"{stage}/default" else meant


def refusal(stage: str, name: str, known: Iterable[str]) -> str:
    """The error message for an unknown name, with the nearest known one."""
    own = (each.rstrip("-*") for each in known if "/" not in each or each.startswith(f"{stage}/"))
    every = sorted(set(filter(None, own)))
    return f"There is no {stage} model {name!r}; {advice(name, every)}"
