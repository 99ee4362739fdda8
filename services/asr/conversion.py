"""How many words a recogniser gets right, on recordings with their words: for who converts it. Must not know how."""

from pathlib import Path

from parley.edit_distance import distance
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.plain_words import plain_words
from parley.serving.stage import Conversion
from services.asr.model import trial
from services.asr.utterance import PendingJob, Recognition, Utterance

MOST = 500  # recordings


def quality(spec: ModelSpec, engine: Engine[PendingJob, list[Recognition]], examples: Path) -> float:
    """Of a hundred words, how many: less those that are missing, changed or too many."""
    language = spec.languages[0] if len(spec.languages) == 1 else ""
    wrong = words = 0
    for clip in trial.clips(examples, MOST):
        ((heard,),) = engine.run([PendingJob([Utterance(clip.samples, language=language)])])
        wanted = plain_words(" ".join(clip.words))
        wrong += distance(wanted, plain_words(heard.text))
        words += len(wanted)
    return 100 * (1 - wrong / words)


CONVERSION = Conversion(quality, "% of words right", most_loss=2.0)
