"""Which language a sentence is in: the one given, or found out. Must not know how it is translated."""

from services.translate.detector import Guess, detect
from services.translate.languages import Languages
from services.translate.sentence import Sentence


def hear(job: Sentence, languages: Languages) -> Guess:
    """Among those that can be brought into the one wanted."""
    if job.source:
        return Guess(job.source, 1.0)
    return detect(job.text, languages.sources(job.target), job.spoken)
