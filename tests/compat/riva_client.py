"""What the real `nvidia-riva-client` makes of our gRPC API, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.riva_client HOST:PORT WAV IDLE_S; beside the WAV lies the same talk as FLAC, and a call as both
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import riva.client
from google.protobuf.json_format import MessageToDict
from riva.client.proto import riva_asr_pb2, riva_nmt_pb2

LONG_NAME = "parakeet-1.1b-en-US-asr-streaming-silero-vad-sortformer"
CHUNK_FRAMES = 1600


def asked(auth: Any, wav: Path, idle_s: float) -> dict[str, Any]:
    """Every method, called as the package's own scripts call it."""
    asr, nmt = riva.client.ASRService(auth), riva.client.NeuralMachineTranslationClient(auth)
    return {
        "offline": _dict(asr.offline_recognize(wav.read_bytes(), _config())),
        "raw": _dict(asr.offline_recognize(wav.read_bytes()[44:], _config(encoding=1, sample_rate_hertz=8000))),
        "live": _streamed(asr, _file(wav), _config(model=LONG_NAME, enable_word_time_offsets=True)),
        "flac": _streamed(asr, _file(wav.with_suffix(".flac")), _config(encoding=2)),
        "paced": _streamed(asr, _file(wav, riva.client.sleep_audio_length), _config()),
        "endpointed": _streamed(asr, _file(wav), _endpointed()),
        "speakers": _streamed(asr, _file(wav), _speakers()),
        "call": _streamed(asr, _file(wav.with_name("call.wav")), _apart()),
        "call_offline": _dict(asr.offline_recognize(wav.with_name("call.flac").read_bytes(), _apart())),
        "idle": _streamed(asr, _idle(wav, idle_s), _config(encoding=1, sample_rate_hertz=8000)),
        "refused": _refused(asr, wav),
        "models": _dict(asr.stub.GetRivaSpeechRecognitionConfig(riva_asr_pb2.RivaSpeechRecognitionConfigRequest())),
        "texts": _dict(nmt.translate(["Good morning.", "", "Two."], "", "en-US", "de-DE")),
        "kept": _dict(nmt.translate(["Ann met Bob."], "", "en", "de", dnt_phrases_dict={"Ann": "", "Bob": "Rob"})),
        "languages": _dict(nmt.get_config("")),
        "translated": _translated(nmt, wav),
    }


def _config(**more: Any) -> Any:
    return riva.client.RecognitionConfig(language_code="en-US", max_alternatives=1, **more)


def _endpointed() -> Any:
    config = _config(enable_word_time_offsets=True)
    riva.client.add_endpoint_parameters_to_config(config, -1, -1.0, 200, -1, -1.0, -1.0)
    return config


def _speakers() -> Any:
    config = _config(enable_word_time_offsets=True)
    riva.client.add_speaker_diarization_to_config(config, True, 4)
    return config


def _apart() -> Any:
    return _config(audio_channel_count=2, enable_separate_recognition_per_channel=True, enable_word_time_offsets=True)


def _file(wav: Path, pace: Any = None) -> Any:
    """The whole file with its header, in chunks, as riva_streaming_asr_client.py reads it."""
    return riva.client.AudioChunkFileIterator(wav, CHUNK_FRAMES, pace)


def _idle(wav: Path, seconds: float) -> Iterator[bytes]:
    data = wav.read_bytes()[44:]
    yield data[: len(data) // 4 * 2]
    time.sleep(seconds)  # a client that falls silent
    yield data[len(data) // 4 * 2 :]


def _streamed(asr: Any, chunks: Iterable[bytes], config: Any) -> list[dict[str, Any]]:
    streaming = riva.client.StreamingRecognitionConfig(config=config, interim_results=True)
    answers = asr.streaming_response_generator(chunks, streaming)
    return [_dict(result) for answer in answers for result in answer.results]


def _translated(nmt: Any, wav: Path) -> list[dict[str, Any]]:
    config = riva_nmt_pb2.StreamingTranslateSpeechToTextConfig(
        asr_config=riva.client.StreamingRecognitionConfig(config=_config()),
        translation_config={"source_language_code": "en-US", "target_language_code": "de-DE"},
    )
    answers = nmt.streaming_s2t_response_generator(_file(wav), config)
    return [_dict(result) for answer in answers for result in answer.results]


def _refused(asr: Any, wav: Path) -> dict[str, str]:
    """A file that is no recording, and a model that is not there."""
    told = {}
    for name, data, model in (("junk", b"hello, this is no audio", ""), ("model", wav.read_bytes(), "nope@1")):
        try:
            asr.offline_recognize(data, _config(model=model))
        except grpc.RpcError as error:
            told[name] = f"{error.code().name}: {error.details()}"
    return told


def _dict(message: Any) -> dict[str, Any]:
    told: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return told


if __name__ == "__main__":
    print(json.dumps(asked(riva.client.Auth(uri=sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))))
