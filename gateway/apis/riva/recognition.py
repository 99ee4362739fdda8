"""Riva's speech recognition <-> ours. Must not know gRPC."""

from collections.abc import Iterator

from gateway.report import status as report
from gateway.report.status import Status
from parley.compat import riva_asr_pb2 as theirs
from parley.compat.riva_pb2 import AudioEncoding as Encoding
from parley.errors import FieldInvalid, UnsupportedFormat
from parley.v1.asr_pb2 import AsrConfig, Endpointing, Transcript, Word
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import Translation

FILES = (Encoding.FLAC, Encoding.OGGOPUS)
RAW = {
    Encoding.ENCODING_UNSPECIFIED: AudioEncoding.AUDIO_ENCODING_PCM_S16LE,
    Encoding.LINEAR_PCM: AudioEncoding.AUDIO_ENCODING_PCM_S16LE,
    Encoding.MULAW: AudioEncoding.AUDIO_ENCODING_MULAW,
    Encoding.ALAW: AudioEncoding.AUDIO_ENCODING_ALAW,
}
ANY_LANGUAGE = ("multi", "auto")
START_SHARE = 0.2  # of its window that Riva wants to be speech, where a client does not say


def form(config: theirs.RecognitionConfig) -> AudioFormat | None:
    """The format of raw samples; None: only the file's own header has it."""
    encoding, rate_hz = config.encoding, config.sample_rate_hertz
    if encoding in FILES or (encoding == Encoding.ENCODING_UNSPECIFIED and not rate_hz):
        return None
    if encoding not in RAW:
        raise UnsupportedFormat(f"Encoding {encoding} is not known; send LINEAR_PCM, FLAC, MULAW, OGGOPUS or ALAW.")
    if min(rate_hz, config.audio_channel_count) < 0:
        raise UnsupportedFormat("A sample rate and a number of channels are above 0; leave out what is not known.")
    return AudioFormat(encoding=RAW[encoding], sample_rate_hz=rate_hz, channels=config.audio_channel_count)


def asked(config: theirs.RecognitionConfig, model: str, *, interim: bool = False) -> PipelineConfig:
    """What a client wants, in our words."""
    _refuse(config)
    speakers = config.diarization_config
    asr = AsrConfig(
        language="" if config.language_code in ANY_LANGUAGE else config.language_code,
        interim_results=interim,
        word_times=config.enable_word_time_offsets or speakers.enable_speaker_diarization,
        endpointing=_endpointing(config.endpointing_config) if config.HasField("endpointing_config") else None,
        phrases=[phrase for context in config.speech_contexts for phrase in context.phrases],
        hints_only=True,
    )
    apart = config.enable_separate_recognition_per_channel  # then a channel is a speaker
    diarized = speakers.enable_speaker_diarization and not apart
    diarize = DiarizeConfig(max_speakers=max(0, speakers.max_speaker_count)) if diarized else None
    return PipelineConfig(asr=asr, diarize=diarize, models={"asr": model} if model else {}, per_channel=apart)


def asked_whole(config: theirs.RecognitionConfig, model: str) -> PipelineConfig:
    """What a client wants of a recording: it is there at once, so it is cut where that is best."""
    ours = asked(config, model)
    ours.asr.ClearField("endpointing")
    ours.asr.recording = True
    return ours


def _refuse(config: theirs.RecognitionConfig) -> None:
    """Refuses options that would change the words and are not supported."""
    if config.profanity_filter:
        raise FieldInvalid("`profanity_filter` is not offered; leave it out.", field="profanity_filter")


def _endpointing(config: theirs.EndpointingConfig) -> Endpointing:
    """Riva looks at windows, we at runs: of a window's beginning only its share must be speech, of its end all."""
    endpointing = Endpointing()
    if config.start_history > 0:
        share = config.start_threshold if config.start_threshold > 0 else START_SHARE
        endpointing.start_speech.FromMilliseconds(max(1, round(config.start_history * min(share, 1.0))))
    if config.stop_history > 0:
        endpointing.stop_silence.FromMilliseconds(config.stop_history)
    return endpointing


def alternative(transcript: Transcript) -> theirs.SpeechRecognitionAlternative:
    """A transcript; clients put finals one after the other, so a space follows."""
    confidences = [word.confidence for word in transcript.words if word.confidence]
    return theirs.SpeechRecognitionAlternative(
        transcript=f"{transcript.text.strip()} ",
        confidence=sum(confidences) / len(confidences) if confidences else 0.0,
        words=_words(transcript),
        language_code=[transcript.language] if transcript.language else [],
    )


def _words(transcript: Transcript) -> Iterator[theirs.WordInfo]:
    for word in transcript.words:
        yield theirs.WordInfo(
            start_time=word.interval.start.ToMilliseconds(),
            end_time=word.interval.end.ToMilliseconds(),
            word=word.text,
            confidence=word.confidence,
            speaker_tag=_tag(word),
            language_code=transcript.language,
        )


def _tag(word: Word) -> int:
    return int(word.speaker) if word.speaker.isdecimal() else 0


def live(transcript: Transcript) -> theirs.StreamingRecognitionResult:
    """A transcript of a stream."""
    return theirs.StreamingRecognitionResult(
        alternatives=[alternative(transcript)],
        is_final=transcript.is_final,
        stability=0.0 if transcript.is_final else transcript.stability,
        channel_tag=channel(transcript),
        audio_processed=_heard_s(transcript),
    )


def whole(transcript: Transcript) -> theirs.SpeechRecognitionResult:
    """A transcript of a recording."""
    return theirs.SpeechRecognitionResult(
        alternatives=[alternative(transcript)], channel_tag=channel(transcript), audio_processed=_heard_s(transcript)
    )


def channel(event: Transcript | Translation) -> int:
    """Which one, from 1, where each is heard by itself; else 0."""
    return int(event.track or 0)


def _heard_s(transcript: Transcript) -> float:
    return float(transcript.interval.end.ToMilliseconds() / 1000)


def models(told_of: Status, wanted: str) -> theirs.RivaSpeechRecognitionConfigResponse:
    """Every model once for each way of use, as Riva lists them."""
    response = theirs.RivaSpeechRecognitionConfigResponse()
    for model in report.loaded(told_of, "asr"):
        if wanted == model["model"] or "@" not in wanted:  # a foreign name means ours, whichever
            for kind in ("online", "offline"):
                entry = response.model_config.add(model_name=model["model"])
                entry.parameters.update({"type": kind, "language_code": ",".join(model["languages"])})
    return response
