import numpy as np

from parley.engines import backends
from parley.engines.protocols import Decoding
from tests.fakes import spec_of
from tests.sound import noise, tone


def test_sound_comes_back() -> None:
    """An output as wide as the input is the input."""
    x = noise(512).reshape(2, 256)
    tensors = backends.tensors(spec_of(outputs={"audio": 0})).model
    assert np.array_equal(tensors.run({"audio": x})["audio"], x)


def test_a_narrow_output_tells_voices_apart() -> None:
    """Two pitches give different embeddings, the same pitch the same one."""
    tensors = backends.tensors(spec_of(outputs={"embedding": 32})).model
    low, high = tone(150, 1.5), tone(1000, 1.5)
    rows = tensors.run({"audio": np.stack([low, high, low])})["embedding"]
    assert rows.shape == (3, 32)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1])


def test_words_come_back() -> None:
    """Tokens are said again, one answer a source."""
    generator = backends.generator(spec_of()).model
    said = generator.generate([["a", "b"], []], [[], []], Decoding())
    assert [each.tokens for each in said] == [["a", "b"], []]


def test_an_answer_begins_as_it_is_told() -> None:
    """The first words are those that were given, in their places; the others are the sound's."""
    generator = backends.generator(spec_of()).model
    frames = np.stack([noise(100), np.zeros(100, np.float32), noise(100, seed=1), noise(100)])
    (free,) = generator.generate(frames[None], [[]], Decoding())
    (said,) = generator.generate(frames[None], [[]], Decoding(begun=[[" a", " b"]]))
    assert said.tokens == [" a", "", " b", free.tokens[3]]


def test_sound_is_spelt() -> None:
    """The same frame always gives the same word, silence an empty one, neighbours do not matter."""
    generator = backends.generator(spec_of()).model
    frames = np.stack([noise(100), np.zeros(100, np.float32), noise(100, seed=1), noise(100)])
    (said,) = generator.generate(frames[None], [[]], Decoding())
    alone = generator.generate(frames[None, :1], [[]], Decoding())[0].tokens
    assert said.tokens[1] == ""
    assert said.tokens[0] == said.tokens[3] == alone[0] != ""
