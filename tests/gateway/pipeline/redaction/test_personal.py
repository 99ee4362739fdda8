"""Addresses and numbers in texts, as recognition writes them."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline import personal

EVERY = list(personal.KINDS)
DRAW = random.Random(7)  # the same sentences in every run
SENTENCES: tuple[str, ...] = (
    "My {} is {}.",
    "You can reach me, the {} is {}, thank you.",
    "Write it down: {} {} and call me tomorrow.",
)
SENTENCES += ("The {} {}", "So it's {} {}, right?")
NAMES = ("john", "mary", "anna", "peter", "lee", "smith", "doe", "garcia", "mueller")
HARMLESS = (
    "We met on 2026-11-26 at 10:30 in room 204.", "The budget is 1,250,000 euros for 12 months.",
    "Pi is 3.14159265358979.", "It was founded in 1998 and sold in 2004, 2010 and 2019.",
    "The server is 192.168.100.200.", "Order 12345 has 3 items.", "Chapter 7, page 1024.",
    "He ran 100 200 and 400 meters.", "I looked at the house and at the dot on the map.",
    "On 24.12.2025 we close at 5.",
    "The part number is AB12 3456.", "Between 1914-1918 and 1939-1945.", "About 7 billion, 8,100,000,000 people.",
    "Version 10.15.7 came out.", "one two three go", "Five or six of seven.", "The ISBN is 978-3-16-148410-0.",
    "Flight LH 1234 leaves at 6 45.", "Take 2 at 9 and 3 at 12.", "She lives at 1600 Pennsylvania Avenue.",
)  # fmt: skip


def digits(count: int) -> str:
    return "".join(DRAW.choice("0123456789") for _ in range(count))


def grouped(text: str, size: int, between: str) -> str:
    return between.join(text[at : at + size] for at in range(0, len(text), size))


def card() -> str:
    begun = DRAW.choice(["4", "51", "5500", "6011"])
    begun += digits(15 - len(begun))
    whole = next(begun + last for last in "0123456789" if personal._luhn(begun + last))
    return grouped(whole, 4, DRAW.choice(["", " ", "-"]))


def iban() -> str:
    country = DRAW.choice(["DE", "FR", "GB", "NL", "ES", "IT", "CH", "AT", "PL", "SE"])
    body = digits(personal.IBAN_LENGTHS[country] - 4)
    body = f"WEST{body[4:]}" if country == "GB" else body
    number = "".join(str(int(letter, 36)) for letter in f"{body}{country}00")
    return grouped(f"{country}{98 - int(number) % 97:02d}{body}", 4, DRAW.choice(["", " "]))


def email() -> str:
    one, other, host = DRAW.choice(NAMES), DRAW.choice(NAMES), DRAW.choice(["example", "mail", "my-shop"])
    top = DRAW.choice(["com", "org", "de", "co.uk", "io"])
    spoken = f"{one} dot {other} at {host} dot {top.replace('.', ' dot ')}"
    at = f"{host}.{top}"
    return DRAW.choice(
        [f"{one}.{other}@{at}", f"{one}{digits(2)}@{at}", f"{one}_{other}@{at}", spoken, f"{one} at {at}"]
    )


def phone() -> str:
    area, office, line = f"{DRAW.randint(2, 9)}{digits(2)}", f"{DRAW.randint(2, 9)}{digits(2)}", digits(4)
    words = {digit: word for word, digit in personal.DIGITS.items() if word != "oh"}
    forms = [
        f"{area}-{office}-{line}",
        f"({area}) {office}-{line}",
        f"{area} {office} {line}",
        f"{area}.{office}.{line}",
    ]
    forms += [f"+1 {area} {office} {line}", f"{area}{office}{line}", f"{office}-{line}"]
    forms += [f"+49 {DRAW.randint(151, 179)} {digits(8)}", f"+44 20 {office}{digits(1)} {line}", f"030/2{digits(6)}"]
    forms += [f"0{DRAW.randint(151, 179)} {digits(8)}", f"+33 2 {grouped(digits(8), 2, ' ')}"]
    return DRAW.choice([*forms, " ".join(words[digit] for digit in area + office + line)])


MADE: dict[str, Callable[[], str]] = {"email": email, "phone": phone, "card": card, "iban": iban}


def test_recall_and_precision_of_two_thousand() -> None:
    """At least 99 % of all are found whole, and at least 98 % of what is found was there."""
    hits = missed = wrong = 0
    for _ in range(2000):
        kind = DRAW.choice(list(MADE))
        what = MADE[kind]()
        text = DRAW.choice(SENTENCES).format("address" if kind == "email" else "number", what)
        start = text.index(what)
        right = [(each.start, each.end, each.kind) for each in personal.found(text, EVERY)]
        hits += (start, start + len(what), kind) in right
        missed += (start, start + len(what), kind) not in right
        wrong += len([each for each in right if each != (start, start + len(what), kind)])
    wrong += sum(len(personal.found(text, EVERY)) for text in HARMLESS)
    assert hits / (hits + missed) >= 0.99
    assert hits / (hits + wrong) >= 0.98


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    """Dates, sums, years and rooms."""
    assert personal.found(text, EVERY) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is 2, 6, 8, 5, 5, 2, 4.", "It is [PHONE]."),
        ("Call two six eight five five two four now", "Call [PHONE] now"),
        ("2-6-8-5-5-2-4", "[PHONE]"),
        ("It is 683 5041, or 486, 3950.", "It is [PHONE], or [PHONE]."),
        ("Dial 412, 421. 8896.", "Dial [PHONE]."),
        ("Her number is 4222089.", "Her number is [PHONE]."),
        ("In room 204, 2019 was the year; 300 2024 models; 8,422,089 people", None),
        ("Count 1, 2, 3, 4, 5, 6, 7, 8.", "Count 1, 2, 3, 4, 5, 6, 7, 8."),
        ("We have 2, 6, 8, 5, 5 and 2.", "We have 2, 6, 8, 5, 5 and 2."),
    ],
)
def test_a_telephone_number_as_recognition_writes_it(text: str, shown: str | None) -> None:
    """With the pauses that were made, digit by digit, or without any. Nobody's number is a count from one to eight."""
    assert personal.replaced(text, personal.found(text, ("phone",))) == (shown or text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Pay with 4111 1111 1111 1111, please.", "Pay with [CARD], please."),
        ("Not with 4111 1111 1111 1112, please.", "Not with 4111 1111 1111 1112, please."),
        ("DE89 3704 0044 0532 0130 00 is mine.", "[IBAN] is mine."),
        ("GB81 WEST 1234 5698 7654 32 is not.", "GB81 WEST 1234 5698 7654 32 is not."),
        ("It's 078-05-1120 or 219 09 9999.", "It's [SSN] or [SSN]."),
        ("Nobody has 000-12-3456.", "Nobody has 000-12-3456."),
        ("Call five five five, two one two, three four five oh.", "Call [PHONE]."),
        ("ann.lee@example.com and bob at example dot co dot uk", "[EMAIL] and [EMAIL]"),
    ],
)
def test_check_digits_decide(text: str, shown: str) -> None:
    """And nothing around a piece is lost."""
    assert personal.replaced(text, personal.found(text, EVERY)) == shown


def test_only_what_was_asked_for() -> None:
    """Other kinds stay."""
    text = "ann@example.com, 4111 1111 1111 1111"
    assert personal.replaced(text, personal.found(text, ["card"])) == "ann@example.com, [CARD]"


@given(st.text("0123456789 .-+()@aADEdot\n", max_size=200))
def test_pieces_lie_in_the_text_and_apart(text: str) -> None:
    """Whatever it says."""
    pieces = personal.found(text, EVERY)
    edges = [edge for piece in pieces for edge in (piece.start, piece.end)]
    assert edges == sorted(edges)
    assert all(0 <= piece.start < piece.end <= len(text) for piece in pieces)
    assert 0 <= personal.decided(text) <= len(text)


@pytest.mark.parametrize("made", [card, iban, email, phone])
def test_no_beginning_of_a_piece_is_ever_decided(made: Callable[[], str]) -> None:
    """However far a sentence has come, what is shown of it holds no part of what will be a piece."""
    for _ in range(50):
        what = made()
        text = f"You can write it down now it is {what} thank you very much"
        start = text.index(what)
        for end in [at for at in range(len(text) + 1) if at == len(text) or text[at] == " "]:
            said = text[:end]
            shown = said[: personal.decided(said)]
            assert len(shown) <= start or len(shown) >= start + len(what), shown
