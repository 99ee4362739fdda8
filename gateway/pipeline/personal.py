"""Where a text says what identifies somebody: addresses and numbers, by their form and their check digits. Pure.

Rules over letters alone, so a final costs tens of microseconds. What people say digit by digit counts as digits.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

DIGITS = {word: str(digit) for digit, word in enumerate("zero one two three four five six seven eight nine".split())}  # noqa: SIM905
DIGITS |= {"oh": "0"}
LINKS = ("at", "dot", "underscore", "dash", "hyphen", "plus", "minus", "slash")  # of addresses and numbers, as spoken
# How long an IBAN is, by its country; a registry that changes once in years.
_LENGTHS = """NO15 BE16 DK18 FI18 FO18 GL18 NL18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 BG22
BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 AE23 GI23 IL23 IQ23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24
PT25 ST25 IS26 TR26 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 CY28 DO28 GT28 HU28 LB28 PL28 BR29 PS29 QA29 UA29 JO30 KW30
MU30 MT31 SC31 LC32"""
IBAN_LENGTHS = {each[:2]: int(each[2:]) for each in _LENGTHS.split()}
# What a spoken address may end with: any word may follow a dot on a map.
_TOP = "com|org|net|edu|gov|mil|info|biz|eu|io|co|ai|app|dev|uk|us|ca|au|nz|de|ch|at|fr|es|it|nl|be|se|no|dk|fi|pl|pt"
_NAME, _SPOKEN = r"[\w.+-]*\w", r"(?:dot|underscore|dash|hyphen|plus)"
_EMAIL = re.compile(
    rf"(?i)(?<![\w.+-]){_NAME}(?: {_SPOKEN} \w+)*"
    rf"(?:@[\w-]+(?:\.[\w-]+)*\.[a-z]{{2,24}}|(?:@| at )[\w-]+(?:(?:\.| dot )[\w-]+)*?(?:(?:\.| dot )(?:{_TOP}))+)\b"
)
_CARD = re.compile(r"(?<![\d+.])\d(?:[ -]?\d){12,18}(?![\d])")
_IBAN = re.compile(r"(?i)(?<![a-z0-9])([a-z] ?[a-z]) ?-?\d ?-?\d(?:[ -]{0,2}[a-z0-9]){11,30}")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_SEPARATED = r"[ ./()-]{0,2}"
_PHONES = (
    re.compile(rf"(?:\+|\b00)[ (]{{0,2}}[1-9](?:{_SEPARATED}\d){{7,14}}(?!\d)"),  # with the country's code
    re.compile(r"(?<![\d.,])(?:1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]{0,2}[2-9]\d{2}[ .-]?\d{4}(?!\d|[.,]\d)"),  # North America
    re.compile(r"(?<![\d.,/-])0[1-9]\d{0,4}[ /-]{1,3}\d{2,8}(?:[ /-]\d{2,8}){0,4}(?!\d|[.,/-]\d)"),  # Europe
    re.compile(r"(?<![\d.,])0[1-9]\d{8,10}(?!\d|[.,]\d)"),
    re.compile(r"(?<![\d.,-])[2-9]\d{2}(?:-|(?:,? |, ?)(?!19|20))?\d{4}(?!\d|[.,-]\d)"),  # its area is left out
    re.compile(r"(?<![\d.,-])[2-9]\d{2}[,.] [2-9]\d{2}[,.] \d{4}(?!\d|[.,-]\d)"),  # with the pauses that were made
)
_DICTATED = re.compile(r"(?<![\w.,-])\d(?:(?:[ -]|, ?)\d(?!\d)){6,14}(?!\w)")  # digit by digit
_COUNTED = ("0123456789", "9876543210")
SAID_SINGLY = 7  # so many digits in a row are no count of something
_SINGLE = re.compile(rf"(?i)\b(?:{'|'.join(DIGITS)})(?:[ ,-]{{1,2}}(?:{'|'.join(DIGITS)})\b)+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Found:
    """A piece of a text, and what it is."""

    start: int
    end: int
    kind: str


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _luhn(digits) and len(set(digits)) > 1:
            yield match.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """As many letters as the country's have: what follows is another word."""
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match[1].replace(" ", "").upper(), 0)
        places = [at for at in range(*match.span()) if text[at].isalnum()][:length]
        if length and len(places) == length:
            whole = "".join(text[at] for at in places).upper()
            moved = whole[4:] + whole[:4]
            if moved.isascii() and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1:
                yield places[0], places[-1] + 1


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            if 7 <= sum(map(str.isdigit, match[0])) <= 15:
                yield match.span()
    for match in _DICTATED.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not any(digits in counted for counted in _COUNTED):
            yield match.span()


def _by(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


# In this order: what has check digits is surer than what only looks like a number.
KINDS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "iban": _ibans,
    "card": _cards,
    "ssn": _by(_SSN),
    "email": _by(_EMAIL),
    "phone": _phones,
}


def found(text: str, kinds: Sequence[str]) -> list[Found]:
    """Every piece of these kinds, from left to right, none of them overlapping."""
    view, places = in_digits(text)
    taken: list[Found] = []
    for kind, look in KINDS.items():
        if kind in kinds:
            for start, end in look(view):
                piece = Found(places[start], _end_of_word(text, view, places[end - 1] + 1), kind)
                if all(piece.end <= other.start or other.end <= piece.start for other in taken):
                    taken.append(piece)
    return sorted(taken, key=lambda piece: piece.start)


def _end_of_word(text: str, view: str, end: int) -> int:
    """Where a digit stands for a word, the piece ends with the word."""
    match = _WORD.match(text, end) if view != text and end < len(text) and text[end - 1].isalpha() else None
    return match.end() if match else end


def in_digits(text: str) -> tuple[str, Sequence[int]]:
    """The text with runs of spoken digits as digits, and where each of its letters stands in the text.

    Of a long run they stay apart, as they were said.
    """
    if not _SINGLE.search(text):
        return text, range(len(text))
    view, places, at = "", list[int](), 0
    for run in _SINGLE.finditer(text):
        view, places = view + text[at : run.start()], [*places, *range(at, run.start())]
        words = list(_WORD.finditer(run[0]))
        between = " " if len(words) >= SAID_SINGLY else ""
        digits = between.join(DIGITS[word[0].lower()] for word in words)
        starts = [run.start() + word.start() for word in words for _ in f"{between}0"]
        view, places, at = view + digits, [*places, *starts[: len(digits)]], run.end()
    return view + text[at:], [*places, *range(at, len(text))]


def replaced(text: str, pieces: Sequence[Found]) -> str:
    """The text with the name of its kind in place of each piece."""
    for piece in reversed(pieces):
        text = f"{text[: piece.start]}[{piece.kind.upper()}]{text[piece.end :]}"
    return text


def undecided_from(text: str) -> int:
    """Where the words begin that it ends with and that may belong to such a piece."""
    words = list(re.finditer(r"\S+", text))
    at = len(words)
    while at > 0 and _may_belong(words[at - 1][0]):
        at -= 1
    return words[at].start() if at < len(words) else len(text)


def decided(text: str) -> int:
    """How many of its letters cannot become part of such a piece, whatever follows."""
    words = list(re.finditer(r"\S+", text))
    at = len(words) - 1
    while at > 0 and (_may_belong(words[at - 1][0]) or _links(words[at][0])):
        at -= 1
    return len(text[: words[at].start()].rstrip()) if words else 0


def _links(word: str) -> bool:
    return word.lower().strip(".,;:!?") in LINKS


def _may_belong(word: str) -> bool:
    """Digits, links between them, and the letters of an IBAN, which may be said one by one."""
    bare = word.lower().strip(".,;:!?")
    is_letters = bare.isalpha() and len(bare) <= 4 and word.isupper()
    return any(map(str.isdigit, word)) or "@" in word or bare in DIGITS or _links(word) or is_letters
