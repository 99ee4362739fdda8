"""What asr asks of a model, in one place, and how a run shows that it is one. Must not know streams."""

from collections.abc import Iterator
from pathlib import Path

from parley.audio.pcm import RATE_HZ
from parley.edit_distance import distance
from parley.engines import weights, whisper
from parley.engines.contract import Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from services.asr.model import describe, trial
from services.asr.model.prompting import prompting
from services.asr.options import AsrOptions
from services.asr.utterance import PendingJob, Recognition, Utterance

CTRANSLATE2, ECHO, WEIGHTS = "ctranslate2", "echo", "model.bin"
MOST_WRONG = 0.5  # of the words: no Whisper is so bad, and a broken one is worse
LANGUAGE = "en"  # of the examples


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Rate and options, then what the weights say of themselves."""
    yield Line(f"sample_rate_hz is {RATE_HZ}, and [options] are known ones", nothing(lambda: AsrOptions.of(spec)))
    asks = "[options] say features, tokenizer and a prompt that the vocabulary has, and `languages` those that it has"
    yield Line(asks, nothing(lambda: prompting(spec)))
    if spec.backend != CTRANSLATE2:
        return
    yield Line(f"{WEIGHTS} is a {describe.KIND}, and is whole", lambda: _kind(spec))
    yield Line("n_mels is as many bands as the encoder takes", lambda: _bands(spec))
    yield Line("the vocabulary has a token for each row of the decoder", lambda: _rows(spec))
    yield Line("tokenizer.json, vocabulary and weights are of one model", nothing(lambda: describe.look(spec.folder)))


def _kind(spec: ModelSpec) -> str:
    found = weights.read(spec.folder / WEIGHTS).kind
    return "" if found == describe.KIND else f"it is a {found or 'nameless model'}"


def _bands(spec: ModelSpec) -> str:
    found, wanted = weights.read(spec.folder / WEIGHTS).shape("encoder/conv1/weight")[1], AsrOptions.of(spec).n_mels
    return "" if found == wanted else f"it takes {found}, and n_mels is {wanted}"


def _rows(spec: ModelSpec) -> str:
    found = weights.read(spec.folder / WEIGHTS).shape("decoder/embeddings/weight")[0]
    tokens = len(whisper.vocabulary(spec))
    return "" if found == tokens else f"the decoder has {found} rows, the vocabulary {tokens} tokens"


def golden(spec: ModelSpec, engine: Engine[PendingJob, list[Recognition]], examples: Path) -> Iterator[Line]:
    """Three recordings whose words are known."""
    if spec.backend != ECHO and (LANGUAGE in spec.languages or not spec.languages):
        asks = f"of three English recordings at most {MOST_WRONG:.0%} of the words are wrong"
        yield Line(asks, lambda: _fault(engine, examples))


def _fault(engine: Engine[PendingJob, list[Recognition]], examples: Path) -> str:
    clips = trial.clips(examples)
    jobs = [PendingJob([Utterance(clip.samples, language=LANGUAGE)]) for clip in clips]
    heard = [trial.plain(each.text) for (each,) in engine.run(jobs)]
    wrong = sum(distance(clip.words, words) for clip, words in zip(clips, heard, strict=True))
    count = sum(len(clip.words) for clip in clips)
    return "" if wrong <= MOST_WRONG * count else f"{wrong} of {count} are wrong; it heard {' '.join(heard[0])[:60]!r}"
