"""Numbers that one final begins and another goes on with."""

import re
from typing import Any

import pytest

from gateway.pipeline import personal
from gateway.pipeline.redaction import Redaction
from gateway.pipeline.split_numbers import PAUSE_NS
from parley.v1.asr_pb2 import Transcript
from tests.gateway.pipeline.redaction.test_personal import DRAW, HARMLESS, SENTENCES, card, iban, phone

EVERY = tuple(personal.KINDS)
MORE_HARMLESS = (
    "It was founded in 1998.", "We will be there in 2027.", "That makes 4500.", "I live at number 4012.",
    "Take 12 or 15.", "The code is 5 5 1.", "He is 42.", "Call me at 8.", "Chapter 7, page 1024.", "It costs 3,999.",
    "Four or five", "The room at 204", "In 1998 and 2004.", "That is all, thank you.", "I have 20 of 30.",
    "From 1914 to 1918.",
)  # fmt: skip


def plain(text: str) -> str:
    """A word that is a piece loses the comma behind it."""
    return re.sub(r"[.,?-]", "", text)


def shown(*texts: str, kinds: tuple[str, ...] = EVERY, pause_s: float = 1.0) -> list[str]:
    """What finals say, one after another, two seconds each."""
    redaction, told, at_s = Redaction(kinds), list[str](), 0.0
    for text in texts:
        said = Transcript(text=text, is_final=True)
        said.interval.start.FromMilliseconds(round(1000 * at_s))
        said.interval.end.FromMilliseconds(round(1000 * at_s) + 2000)
        for n, word in enumerate(text.split()):
            times: Any = {"start": {"nanos": n}, "end": {"nanos": n + 1}}
            said.words.add(text=word, interval=times)
        assert redaction.hide(said)
        assert plain(" ".join(word.text for word in said.words)) == plain(said.text)
        told.append(said.text)
        at_s += 2 + pause_s
    return told


@pytest.mark.parametrize(
    ("texts", "right"),
    [
        (["My card is 4111 1111", "1111 1111 thank you"], ["My card is [CARD]", "[CARD] thank you"]),
        (["My card is 4111.", "1111.", "1111 1111."], ["My card is 4111.", "[CARD].", "[CARD]."]),
        (["It's 4111 1111,", "Okay.", "And 1111 1111. Bye."], ["It's [CARD],", "Okay.", "And [CARD]. Bye."]),
        (["DE89 3704", "0044 0532 0130 00 is mine."], ["[IBAN]", "[IBAN] is mine."]),
        (["Call 212 555", "1234 now."], ["Call [PHONE]", "[PHONE] now."]),
        (["Call two one two", "five five five one two three four."], ["Call two one two", "[PHONE]."]),
        (["It's +49 171", "2345 6789."], ["It's [PHONE]", "[PHONE]."]),
        (["It's 078 05", "1120, please"], ["It's [SSN]", "[SSN], please"]),
    ],
)
def test_a_number_goes_on_in_the_next_final(texts: list[str], right: list[str]) -> None:
    """The part that was said already is hidden as far as it may say much; the rest is, whoever speaks between."""
    assert shown(*texts) == right


def test_what_is_not_asked_for_is_no_beginning() -> None:
    """A card is none of the kinds."""
    assert shown("My card is 4111 1111", "1111 1111", kinds=("email",)) == ["My card is 4111 1111", "1111 1111"]


def test_an_interim_of_the_second_half_shows_none_of_it() -> None:
    """While it may go on it is held back, then it is a piece."""
    redaction = Redaction(EVERY)
    redaction.hide(Transcript(text="My card is 4111 1111", is_final=True))
    for text, right in (("1111", ""), ("1111 1111", ""), ("1111 1111 it", ""), ("1111 1111 it is", "[CARD] it")):
        guess = Transcript(text=text, committed_characters=len(text))
        assert redaction.hide(guess) == bool(right)
        assert guess.text == right


def test_after_a_while_it_is_another_number() -> None:
    """Nobody takes so long."""
    told = shown("It's 0171", "5551", pause_s=PAUSE_NS / 1e9 + 0.1)
    assert told == ["It's 0171", "5551"]
    assert shown("It's 0171", "5551") == ["It's 0171", "[PHONE]"]


@pytest.mark.parametrize("texts", [MORE_HARMLESS, HARMLESS])
def test_what_ends_in_digits_stays(texts: tuple[str, ...]) -> None:
    """Years, sums and rooms at the end of a final, one final after another."""
    assert shown(*texts) == list(texts)


def test_recall_of_two_thousand_that_are_cut_in_two() -> None:
    """Of 99 % no more is left than a card's issuer or a telephone's area, and in 98 % nothing else is hidden."""
    missed = lost = 0
    for _ in range(2000):
        what = DRAW.choice((card, iban, phone))()
        places = [at for at, letter in enumerate(what) if letter in " -." and at] or [6]
        cut = DRAW.choice(places)
        text = DRAW.choice(SENTENCES).format("number", what)
        at = text.index(what) + cut
        one, other = shown(text[:at], text[at:].lstrip(" "))
        around = text.replace(what, "")
        left = re.sub(r"\W*\[\w+\]\W*", " ", f"{one} {other}")
        digits = personal.in_digits(left)[0]
        missed += sum(map(str.isdigit, digits)) > 4
        lost += len(re.findall(r"[a-z]+", around)) > len(re.findall(r"[a-z]+", left))
    assert missed <= 20
    assert lost <= 40
