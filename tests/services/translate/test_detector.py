import pytest

from services.translate.detector import detect

ALL = ("en", "de", "fr")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is the train station?", "en"),
        ("Wo ist der Bahnhof?", "de"),
        ("Où est la gare ?", "fr"),
        ("Ich weiß.", "de"),
        ("IL EST TARD", "fr"),
    ],
)
def test_short_sentences_are_told_apart(text: str, language: str) -> None:
    """Three words are enough, and it is surer than not."""
    guess = detect(text, ALL)
    assert guess.language == language
    assert 0.5 < guess.confidence <= 1


def test_only_the_languages_asked_for() -> None:
    """What is not on the list is never found."""
    assert detect("Où est la gare ?", ("en", "de")).language in ("en", "de")
    assert detect("Où est la gare ?", ("de",)) == detect("Hello", ("de",))


def test_a_text_that_says_little_is_in_the_language_spoken_so_far() -> None:
    """Numbers, and words that are nearly alike everywhere, do not change the language; a clear sentence does."""
    assert detect("12:30", ALL, "fr").language == "fr"
    assert detect("Taxi!", ALL, "en").language == "en"
    assert detect("OK", ALL, "fr").language == "fr"
    assert detect("Wo ist der Bahnhof?", ALL, "fr").language == "de"


def test_what_says_nothing_is_in_the_first_language() -> None:
    """Where all are equally likely and nothing was spoken, the order of the model's list decides."""
    assert detect("Tom.", ALL) == detect("Tom.", ALL, "xx")
    assert detect("Tom.", ("fr", "de")).language == "fr"


def test_a_model_without_languages_finds_none() -> None:
    """Nothing is made up."""
    assert (detect("Hello", ()).language, detect("Hello", ()).confidence) == ("", 0.0)
