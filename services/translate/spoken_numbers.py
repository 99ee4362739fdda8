"""Numbers, dates and times in English words -> the same in digits, before they are translated. Pure.

Small models were taught numbers in digits: of "nineteen sixty three" they make times of day and other years. Small
numbers by themselves stay words, as people write them: "one of them", "five minutes", "in the third row".
"""

import re

_SMALL = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_COUNT = {word: n for n, word in enumerate(f"{_SMALL} eighteen nineteen".split(), 1)}
_ONES, _TEENS = ({w: n for w, n in _COUNT.items() if (n > 9) is teen} for teen in (False, True))
_TENS = {word: n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # noqa: SIM905
_LARGE = {"hundred": "h", "thousand": "k", "million": "m", "billion": "b"}
_DIGITS = {"zero": 0, "oh": 0, **_ONES}
_FIRST = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
_LATER = "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
_ORDINALS = {word: n for n, word in enumerate(f"{_FIRST} {_LATER}".split(), 1)} | {"thirtieth": 30}
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_ALSO_WORDS = ("may", "march")  # months only with a capital, an `of` or a year

# What a number's words are, a letter each, and how they may follow each other.
_KINDS = {**dict.fromkeys(_ONES, "o"), **dict.fromkeys(_TEENS, "e"), **dict.fromkeys(_TENS, "t"), **_LARGE}
_GROUP = "(?:[oe]h(?:to?|[oe])?|to?|[oe])"
_COUNTED = re.compile(f"(?:({_GROUP})b)?(?:({_GROUP})m)?(?:({_GROUP})k)?({_GROUP})?")

_ANY = "|".join(sorted({*_KINDS, "zero"}, key=len, reverse=True))
_AND = r"(?:(?:(?<=hundred )|(?<=thousand )|(?<=million ))and )?"
_NUMBER = rf"(?:{_ANY})\b(?:[ -]{_AND}(?:oh )?(?:{_ANY})\b)*(?: point(?: (?:{'|'.join(_DIGITS)})\b)+)?"
_DAY = rf"(?:(?:twenty|thirty)[ -])?(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"
_DATE = re.compile(
    rf"\b(?:(?P<month>{_MONTH}) (?:the )?(?P<day>{_DAY})|(?:the )?(?P<day2>{_DAY}) (?P<of>of )?(?P<month2>{_MONTH}))"
    rf"\b(?:,? (?P<year>{_NUMBER}))?",
    re.IGNORECASE,
)
_MINUTE = rf"oh (?:{'|'.join(_ONES)})|(?:twenty|thirty|forty|fifty)(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join(_TEENS)}"
_CLOCK = rf"(?P<hour>{'|'.join(_COUNT)}|twenty(?:[ -](?:one|two|three))?) (?P<minute>{_MINUTE})"
_AT = re.compile(rf"(?<=\bat ){_CLOCK}\b", re.IGNORECASE)
_HALF_DAY = re.compile(rf"\b{_CLOCK}(?= [ap]\.?m\b)", re.IGNORECASE)
_PLAIN = re.compile(rf"\b{_NUMBER}(?![ -]?\w+ties\b)", re.IGNORECASE)
_DIALLED = re.compile(rf"\b(?:{'|'.join(_DIGITS)})(?: (?:{'|'.join(_DIGITS)}))" + r"{3,}\b", re.IGNORECASE)
_MEANT = {
    *_KINDS,
    *_DIGITS,
    *_ORDINALS,
    "once",
    "twice",
    "half",
    "quarter",
    "noon",
    "midnight",
    "dozen",
    "couple",
    "pair",
}
WRITTEN = 13  # from here on numbers are written in digits, as newspapers do


def in_digits(text: str) -> str:
    """The text with its spoken numbers written."""
    for spoken, written in _RULES:
        text = spoken.sub(written, text)
    return text


def speaks_of_numbers(text: str) -> bool:
    """Whether a translation might rightly have digits."""
    return not _MEANT.isdisjoint(re.findall(r"[a-z]+", text.lower()))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[ -]+", text.lower()) if word != "and"]


def _date(match: re.Match[str]) -> str:
    """As English writes it: January 15, 1963."""
    name = match["month"] or match["month2"]
    *tens, last = _words(match["day"] or match["day2"])
    day = sum(10 * _TENS[word] for word in tens) + _ORDINALS[last]
    year = _year(_words(match["year"])) or _value(_words(match["year"])) if match["year"] else None
    is_word = name.lower() in _ALSO_WORDS and name.islower() and not (match["of"] or year)
    if is_word or day > 31 or (match["year"] and not (year and year >= 1000)):
        return match[0]
    return f"{name.capitalize()} {day}" + (f", {year}" if year else "")


def _time(match: re.Match[str]) -> str:
    hour, minute = _words(match["hour"]), _words(match["minute"])
    return f"{_value(hour)}:{_value(minute[1:] if minute[0] == 'oh' else minute):02}"


def _dialled(match: re.Match[str]) -> str:
    """A number that is said digit by digit."""
    return "".join(str(_DIGITS[word]) for word in _words(match[0]))


def _number(match: re.Match[str]) -> str:
    """One number in words, if it is one and better written in digits."""
    whole, _, decimals = match[0].lower().partition(" point ")
    words = _words(whole)
    value = _value(words)
    if decimals:
        digits = "".join(str(_DIGITS[word]) for word in decimals.split())
        return match[0] if value is None else f"{value}.{digits}"
    if year := _year(words):
        return str(year)
    if value is None or value < WRITTEN or (len(words) == 2 and words[1] in _LARGE):
        return match[0]
    return f"{value:,}" if value >= 10_000 else str(value)


def _year(words: list[str]) -> int | None:
    """Nineteen sixty three, nineteen oh five, nineteen hundred, twenty twenty five."""
    century, rest = _TEENS.get(words[0], 20 if words[0] == "twenty" else 0), words[1:]
    if century < WRITTEN or not rest:
        return None
    if rest == ["hundred"]:
        return century * 100 if century < 20 else None
    if rest[0] == "oh":
        return century * 100 + _ONES[rest[1]] if len(rest) == 2 and rest[1] in _ONES else None
    within = _value(rest)
    return century * 100 + within if within is not None and 10 <= within <= 99 else None


def _value(words: list[str]) -> int | None:
    """A number as it is counted; None: these words are not one."""
    if words == ["zero"]:
        return 0
    found = _COUNTED.fullmatch("".join(_KINDS.get(word, "?") for word in words))
    if not (found and words):
        return None
    total, at = 0, 0
    for kinds, step in zip(found.groups(), (10**9, 10**6, 1000, 1), strict=True):
        if kinds:
            total += step * _group(words[at : at + len(kinds)])
            at += len(kinds) + (step > 1)
    return total


def _group(words: list[str]) -> int:
    """Below a thousand, or eleven hundred and more."""
    if len(words) > 1 and words[1] == "hundred":
        return 100 * _group(words[:1]) + _group(words[2:])
    return sum(_COUNT.get(word, 10 * _TENS.get(word, 0)) for word in words)


_RULES = ((_DATE, _date), (_AT, _time), (_HALF_DAY, _time), (_DIALLED, _dialled), (_PLAIN, _number))
