"""Whether a chat model's answer can be a translation. Pure; must not know who answered.

A check errs towards yes: what it lets through is at worst a poor translation, what it refuses wrongly is translated by
a smaller model. It cannot tell an order that was obeyed from a translation where both look alike; that is told in
docs/translation-models.md.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

from services.translate.detector import detect
from services.translate.phrases import count, numbers_in
from services.translate.sentence import Sentence
from services.translate.spoken_numbers import speaks_of_numbers

SHORTEST, LONGEST = 0.4, 2.8  # of the source's width;
LESS, MORE = 12, 30  # letters that prove nothing
DENSE = 2.5  # letters of an alphabet say as much as one of these scripts
TELLING, SURE, OTHERS = 8, 0.7, ("en", "de", "fr", "es", "it", "pt", "nl")  # letters; how sure a guess must be
COPIED = 3  # words: fewer are the same in two languages now and then
MOSTLY = 0.5  # of its letters are of the language's script

_DENSE = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
SCRIPTS: dict[str, tuple[str, ...]] = {
    "ar": ("ARABIC",), "bg": ("CYRILLIC",), "el": ("GREEK",), "fa": ("ARABIC",), "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"), "ko": ("HANGUL",), "ru": ("CYRILLIC",), "th": ("THAI",),
    "uk": ("CYRILLIC",), "ur": ("ARABIC",), "zh": ("CJK",),
}  # fmt: skip
_ABOUT_IT = re.compile(
    r"translat|übersetz|traduct|traduire|traduit\b|traducc|traduzion|traduç|vertal|tłumacz|перев[оё]д|翻译|翻譯|翻訳|번역|ترجم",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^(?:sure|certainly|of course|okay)[,!.]? (?:here|i)\b|^here(?:'s| is| are)\b[^.]*:|^hier (?:ist|sind)\b[^.]*:"
    r"|^voici\b[^.]*:|^(?:output|answer|english|german|french|deutsch|français)\s*:|\bnote\s*:|\*\*|```",
    re.IGNORECASE | re.MULTILINE,
)
_REFUSAL = re.compile(
    r"\bas an? (?:ai|assistant)\b|\blanguage model\b|\bals ki\b|\bsprachmodell\b|\bmodèle de langage\b"
    r"|\bmodelo de lenguaje\b|\bi (?:can(?:no|')t|am unable to|won't) (?:assist|comply)\b"
    r"|\bsorry,? but i (?:can(?:no|')t|am unable to) (?:help|translate|provide|fulfil)"
    r"|\bich kann (?:dir|ihnen) (?:dabei|damit) (?:leider )?nicht\b|\bje ne peux pas (?:vous |t')aider\b",
    re.IGNORECASE,
)


def fault(job: Sentence, source: str, answer: str) -> str:
    """What speaks against an answer, in words that a model understands too; empty: nothing."""
    return next(_faults(job, source, answer), "")


def _faults(job: Sentence, source: str, answer: str) -> Iterator[str]:
    if not answer:
        yield "it was empty"
        return
    for told, holds in _CHECKS:
        if not holds(job, source, answer):
            yield told


def longest(text: str) -> int:
    """Letters that an answer may have at most: what is longer need not be read to its end."""
    return int(LONGEST * DENSE * len(text)) + 2 * MORE


def _no_more_lines(job: Sentence, source: str, answer: str) -> bool:
    return answer.count("\n") <= job.text.count("\n")


def _no_chatter(job: Sentence, source: str, answer: str) -> bool:
    """What speech itself may say proves nothing."""
    talk = _CHATTER.search(answer) and not (_CHATTER.search(job.text) or job.text.count(":") >= answer.count(":") > 0)
    return not talk and not (_ABOUT_IT.search(answer) and not _ABOUT_IT.search(job.text))


def _no_refusal(job: Sentence, source: str, answer: str) -> bool:
    return not _REFUSAL.search(answer) or bool(_REFUSAL.search(job.text))


def _right_length(job: Sentence, source: str, answer: str) -> bool:
    said, got = _width(job.text), _width(answer)
    return SHORTEST * said - LESS <= got <= LONGEST * said + MORE


def _width(text: str) -> float:
    return sum(DENSE if _script(letter) in _DENSE else 1.0 for letter in text)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ", 1)[0] if letter > "\u024f" else "LATIN"


def _right_language(job: Sentence, source: str, answer: str) -> bool:
    if not _right_script(job.target, answer):
        return False
    base, from_ = job.target.split("-")[0], source.split("-")[0]
    rest = _without(answer, (*job.keep, *_names(job.text)))
    if sum(map(str.isalpha, rest)) < TELLING or base in SCRIPTS or base == from_:
        return True
    # Of two it is found out almost always, of many mostly; neither takes a right answer for a wrong one.
    guesses = (detect(rest, tuple(dict.fromkeys((base, from_ or base, *more)))) for more in ((), OTHERS))
    return all(guess.language == base or guess.confidence < SURE for guess in guesses)


def _names(text: str) -> list[str]:
    """What may stand in any language as it is."""
    return [word for word in re.findall(r"[^\W\d_][\w'’-]+", text) if word[0].isupper()]


def _right_script(target: str, answer: str) -> bool:
    """Names may stay as they are written elsewhere; a sentence may not."""
    letters = [_script(letter) for letter in answer if letter.isalpha()]
    wanted = SCRIPTS.get(target.split("-")[0])
    if wanted is None:
        return sum(name == "LATIN" for name in letters) >= MOSTLY * len(letters) or not _is_latin(target)
    return len(letters) < TELLING or sum(name in wanted for name in letters) >= MOSTLY * len(letters)


def _is_latin(target: str) -> bool:
    return target.split("-")[0] in ("cs", "da", "fi", "hu", "no", "pl", "ro", "sk", "sv", "tr", "vi", *OTHERS)


def _without(text: str, phrases: tuple[str, ...]) -> str:
    for phrase in phrases:
        text = text.replace(phrase, " ")
    return text


def _not_copied(job: Sentence, source: str, answer: str) -> bool:
    words = _without(job.text, job.keep).split()
    same = job.text.casefold().strip(" .!?") == answer.casefold().strip(" .!?")
    return not same or len([word for word in words if word.islower()]) < COPIED


def _numbers(text: str) -> Counter[str]:
    """Whatever digits they are written in."""
    return numbers_in("".join(str(unicodedata.digit(each, each)) if each.isdigit() else each for each in text))


def _numbers_kept(job: Sentence, source: str, answer: str) -> bool:
    """Of speech without digits an answer may have some where they were said in words, which are known of English."""
    said, got = _numbers(job.text), _numbers(answer)
    return said == got or (not said and (source.split("-")[0] != "en" or speaks_of_numbers(job.text)))


def _phrases_kept(job: Sentence, source: str, answer: str) -> bool:
    return all(count(phrase, answer) >= n for phrase, n in Counter(job.keep).items())


def _no_marks(job: Sentence, source: str, answer: str) -> bool:
    return "speech>" not in answer or "speech>" in job.text


_CHECKS: tuple[tuple[str, Callable[[Sentence, str, str], bool]], ...] = (
    ("it had more lines than the speech", _no_more_lines),
    ("it had marks in it", _no_marks),
    ("it was about the translation, or had something beside it", _no_chatter),
    ("it was an answer to the speech, not its translation", _no_refusal),
    ("it was too long or too short for a translation", _right_length),
    ("it repeated the speech untranslated", _not_copied),
    ("it was not in the language asked for", _right_language),
    ("numbers were missing, or were others", _numbers_kept),
    ("phrases were missing that have to stand in it", _phrases_kept),
)
