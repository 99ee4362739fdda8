"""Riva's translation <-> ours. Must not know gRPC."""

from collections.abc import Iterable, Iterator, Sequence

from gateway.apis.riva.recognition import channel
from gateway.report import status as report
from gateway.report.status import Status
from parley.compat import riva_nmt_pb2 as theirs
from parley.compat.riva_asr_pb2 import SpeechRecognitionAlternative, StreamingRecognitionResult
from parley.errors import FieldInvalid
from parley.v1.translate_pb2 import GlossaryEntry, TranslateConfig, Translation

MOST_TEXTS = 128


def asked(source: str, target: str, dnt_phrases: Iterable[str]) -> TranslateConfig:
    """From what into what, in our words."""
    if not target:
        raise FieldInvalid("The target language is missing; say which you want, e.g. de.", field="target_language")
    return TranslateConfig(source_language=source, target_language=target, glossary=glossary(dnt_phrases))


def glossary(dnt_phrases: Iterable[str]) -> Iterable[GlossaryEntry]:
    """`word##` is kept, `word##other` becomes other; Riva's own client joins all of them by commas into one."""
    for entry in ",".join(dnt_phrases).split(","):
        phrase, _, becomes = entry.partition("##")
        if phrase.strip():
            yield GlossaryEntry(source=phrase.strip(), target=becomes.strip())


def texts(request: theirs.TranslateTextRequest) -> list[str]:
    """The texts; refuses zero, or more than the limit."""
    if not 0 < len(request.texts) <= MOST_TEXTS:
        raise FieldInvalid(f"There are {len(request.texts)} texts; send 1 to {MOST_TEXTS} at once.", field="texts")
    return list(request.texts)


def answer(
    request: theirs.TranslateTextRequest, translations: Iterable[Sequence[Translation]]
) -> Iterator[theirs.Translation]:
    """One translation a text."""
    for pieces in translations:
        yield theirs.Translation(text="".join(piece.text for piece in pieces), language=request.target_language)


def live(translation: Translation) -> StreamingRecognitionResult:
    """A piece of a final, translated; a space follows, as after finals."""
    alternative = SpeechRecognitionAlternative(
        transcript=f"{translation.text.strip()} ", language_code=[translation.target_language]
    )
    heard_s = translation.interval.end.ToMilliseconds() / 1000
    return StreamingRecognitionResult(
        alternatives=[alternative], is_final=True, channel_tag=channel(translation), audio_processed=heard_s
    )


def languages(told_of: Status, wanted: str) -> theirs.AvailableLanguageResponse:
    """What each model takes and gives."""
    response = theirs.AvailableLanguageResponse()
    for model in report.loaded(told_of, "translate"):
        if wanted == model["model"] or "@" not in wanted:  # a foreign name means ours, whichever
            pair, pairs = response.languages[model["model"]], report.pairs(model)
            pair.src_lang.extend(sorted({source for source, _ in pairs}))
            pair.tgt_lang.extend(sorted({target for _, target in pairs}))
    return response
