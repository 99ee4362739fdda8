"""Which English words are ordinary, and which capitalised ones have another form in German or French.

`python -m models.recipes.translate.word_lists FOLDER` reads Tatoeba's pairs and writes the lists that names are told
by, in services/translate/names/words.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from models.recipes.translate import corpus
from models.recipes.translate.corpus import Pair
from services.translate.names.names import SHORT, WORD, bare, stands

WORDS = Path("services/translate/names/words")
ABOVE = """# {what}
# From the sentence pairs of Tatoeba (https://tatoeba.org, CC BY 2.0 FR) by models/recipes/translate/word_lists.py.
"""
OTHER = 0.3  # so often, or more, a word is not as in English


def ordinary(pairs: Iterable[Pair]) -> list[str]:
    """Words that are written without a capital, more than once."""
    seen = Counter(word for pair in pairs for word in WORD.findall(pair.english) if word.islower())
    return sorted(word for word, times in seen.items() if times > 1)


def others(pairs: Iterable[Pair]) -> list[str]:
    """Capitalised words and runs of them that are not as in English in the translation."""
    seen, other = Counter[str](), Counter[str]()
    for pair in pairs:
        for name in _capitalised(pair.english):
            seen[name] += 1
            other[name] += not stands(name, pair.foreign)
    often = {name for name, times in other.items() if times >= OTHER * seen[name]}
    return sorted(name for name in often if " " not in name or seen[name] > 1)


def _capitalised(text: str) -> Iterator[str]:
    """Inside a sentence, each by itself and with those beside it."""
    run, end, before = list[str](), 0, ""
    for word in WORD.finditer(text):
        between = text[end : word.start()]
        at_head = not before or (re.search(r"[.!?:\"]", between) and not (between == ". " and before in SHORT))
        if run and (between != " " or at_head or not word[0][0].isupper()):
            yield from _with_whole(run)
            run = []
        if word[0][0].isupper() and not at_head:
            run.append(bare(word[0]))
        end, before = word.end(), word[0]
    yield from _with_whole(run)


def _with_whole(run: list[str]) -> list[str]:
    return [*run, " ".join(run)] if len(run) > 1 else run


def main(folder: str) -> None:
    """Write the lists."""
    pairs = corpus.split(corpus.read([Path(folder)]))["train"]
    lists = {"en": ("English words that are written without a capital.", ordinary(pairs))}
    for language, named in (("de", "German"), ("fr", "French")):
        what = f"English words with a capital that have another form in {named}."
        lists[language] = (what, others(pair for pair in pairs if pair.language == language))
    for language, (what, words) in lists.items():
        text = ABOVE.format(what=what) + "".join(f"{word}\n" for word in words)
        (WORDS / f"{language}.txt").write_text(text, "utf-8")
        print(language, len(words))


if __name__ == "__main__":
    main(*sys.argv[1:])
