from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from services.asr.model.spelling import ByteLevel, PlainSpelling


def trained(texts: list[str]) -> bytes:
    """The definition of a small byte-level tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=300, initial_alphabet=letters, show_progress=False)
    )
    return tokenizer.to_str().encode()


DEFINITION = trained([" the cat sat on the mat"] * 20)
SPELLING = ByteLevel(DEFINITION)


@given(st.text(max_size=30))
def test_joined_words_are_the_text(text: str) -> None:
    """Whatever is written comes back: no letter, blank or sign is lost between tokens and words."""
    pieces = SPELLING.pieces(SPELLING.tokens(text), "en")
    assert "".join(piece.text for piece in pieces) == text


@given(st.text(max_size=30), st.sampled_from(["en", "ja"]))
def test_every_token_belongs_to_one_word(text: str, language: str) -> None:
    """Words follow each other without a gap and take up all tokens."""
    tokens = SPELLING.tokens(text)
    edges = [edge for piece in SPELLING.pieces(tokens, language) for edge in (piece.first, piece.last)]
    assert edges[0::2] == [0, *edges[1:-1:2]][: len(edges) // 2]
    assert edges[-1:] == [len(tokens)][: len(edges)]


def test_words_begin_with_their_blank() -> None:
    """A word is what stands between blanks, with the signs after it."""
    pieces = SPELLING.pieces(SPELLING.tokens(" The cat, naïve, sat."), "en")
    assert [piece.text for piece in pieces] == [" The", " cat,", " naïve,", " sat."]


def test_where_nobody_writes_blanks_letters_are_words() -> None:
    """Japanese is cut where a letter is complete, never inside one."""
    assert [piece.text for piece in SPELLING.pieces(SPELLING.tokens("猫です"), "ja")] == ["猫", "で", "す"]
    assert len(SPELLING.pieces(SPELLING.tokens("猫です"), "en")) == 1


def test_half_a_letter_is_shown_as_such() -> None:
    """An answer cut inside a letter is still text."""
    (piece,) = SPELLING.pieces(SPELLING.tokens("猫")[:1], "en")
    assert piece.text == "\ufffd"


def test_plain_tokens_are_words() -> None:
    """The echo backend's words are words, and its silences none."""
    assert [piece.text for piece in PlainSpelling().pieces([" alfa", "", " bravo"], "en")] == [" alfa", " bravo"]
    assert PlainSpelling().tokens("alfa bravo") == [" alfa", " bravo"]
