"""What every Whisper has in common, whatever library runs it: its special tokens and its vocabulary."""

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile

from parley.engines.model import ModelSpec
from parley.engines.protocols import Tokens
from parley.errors import BadModel

START, END, NO_TIMES = "<|startoftranscript|>", "<|endoftext|>", "<|notimestamps|>"
ANY = "<|language|>"  # in a prompt: fill in the language that is heard
TRANSCRIBE, TRANSLATE = "<|transcribe|>", "<|translate|>"
TASKS = (TRANSCRIBE, TRANSLATE)
ENGLISH_ALONE = 51_864  # tokens
STRIDE = 2  # frames in one position of the encoder


def vocabulary(spec: ModelSpec) -> list[str]:
    """Every token by its number."""
    names = [name for name in spec.files if name.startswith("vocabulary.")]
    if len(names) != 1:
        raise BadModel(f"{spec.folder / 'model.toml'} must list one vocabulary.json or vocabulary.txt under [files].")
    text = spec.bytes_of(names[0]).decode()
    tokens: list[str] = json.loads(text) if names[0].endswith(".json") else text.splitlines()
    if END not in tokens:
        raise BadModel(f"{spec.folder / names[0]} lacks {END}, which a Whisper model has.")
    return tokens


def task(prompt: Sequence[str]) -> Tokens:
    """What a prompt says of the task: text before it, and how times are written, do not matter to an alignment."""
    return [token for token in prompt[list(prompt).index(START) :] if token != NO_TIMES]


def bare(language: str) -> str:
    """`<|en|>` -> `en`."""
    return language.strip("<|>")


def token(language: str) -> str:
    """`en` -> `<|en|>`."""
    return f"<|{language}|>"


def heard(chances: Mapping[str, float], before: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest language, and how likely it is, given how likely each was beforehand; nothing: all are alike."""
    weighed = {each: chance * before.get(each, 0.0) for each, chance in chances.items()} if before else chances
    likeliest, total = max(weighed, key=lambda each: weighed[each]), sum(weighed.values())
    return (likeliest, weighed[likeliest] / total) if total else (max(before, key=lambda each: before[each]), 0.0)


def is_special(token: str) -> bool:
    """Whether it stands for no text."""
    return token.startswith("<|") and token.endswith("|>")


def is_multilingual(tokens: Sequence[str]) -> bool:
    """OpenAI's models for all languages have at least one token more than those for English alone."""
    return len(tokens) > ENGLISH_ALONE


def languages(tokens: Sequence[str]) -> list[str]:
    """What a vocabulary can name: the tokens of languages follow the one that starts."""
    if not is_multilingual(tokens):
        return ["en"]
    after = takewhile(lambda token: token not in TASKS, tokens[list(tokens).index(START) + 1 :])
    return [bare(token) for token in after if is_special(token)]


def prompt(tokens: Sequence[str]) -> Tokens:
    """How a model with this vocabulary is asked for the words alone."""
    return [START, ANY, TRANSCRIBE, NO_TIMES] if is_multilingual(tokens) else [START, NO_TIMES]


def written(names: Sequence[str]) -> str:
    """A list as TOML has it."""
    return json.dumps(list(names), ensure_ascii=False)
