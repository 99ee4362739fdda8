"""Riva's API: nvidia.riva.asr and nvidia.riva.nmt over gRPC. No decisions in it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from gateway import recordings
from gateway.access.upload_memory import Reservation, UploadMemory
from gateway.apis import calls
from gateway.apis.calls import Context
from gateway.apis.riva import recognition, translation
from gateway.audio import incoming
from gateway.config import GatewayConfig
from gateway.core import Core
from gateway.pipeline import notices
from gateway.recordings import Transcription
from parley import beside
from parley.compat import riva_asr_pb2 as asr
from parley.compat import riva_nmt_pb2 as nmt
from parley.compat.riva_pb2 import RequestId
from parley.errors import ConfigExpected, ConfigRepeated, EmptyMessage
from parley.v1.audio_pb2 import AudioChunk, AudioFormat
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire import protocol

ASR, NMT = "nvidia.riva.asr.RivaSpeechRecognition", "nvidia.riva.nmt.RivaTranslation"
SERVICES = (ASR, NMT)

Kind = TypeVar("Kind", bound=Message)
Handler = Callable[[Any, Context], Awaitable[Any]]


class RivaMethods(grpc.GenericRpcHandler):
    """Every method of both services."""

    def __init__(self, core: Core, config: GatewayConfig) -> None:
        self._core, self._limits = core, config.limits
        self._memory = UploadMemory(config.limits.uploads_bytes)
        self._unary: dict[str, Handler] = {
            f"/{ASR}/Recognize": self._recognize,
            f"/{ASR}/GetRivaSpeechRecognitionConfig": self._models,
            f"/{NMT}/TranslateText": self._translate,
            f"/{NMT}/ListSupportedLanguagePairs": self._languages,
        }
        self._streams: dict[str, Handler] = {
            f"/{ASR}/StreamingRecognize": self._stream,
            f"/{NMT}/StreamingTranslateSpeechToText": self._stream_translated,
        }

    def service(self, details: Any) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """The handler of a method path; None: not one of Riva's."""
        if details.method in self._unary:
            return grpc.unary_unary_rpc_method_handler(partial(_answered, self._unary[details.method]))
        if details.method in self._streams:
            return grpc.stream_stream_rpc_method_handler(partial(_answered, self._streams[details.method]))
        return None

    def _name(self, stage: str, name: str) -> str:
        return self._core.named(stage, name)

    async def _recognize(self, data: bytes, context: Context) -> bytes:
        request = _parse(asr.RecognizeRequest, data)
        form = recognition.form(request.config)
        config = recognition.asked_whole(request.config, self._name("asr", request.config.model))
        heard = Transcription()
        async with aclosing(self._heard(_once(request.audio), form, config, context)) as answers:
            async for answer in answers:
                heard.take(answer)
        results = [recognition.whole(final) for final in heard.finals if final.text.strip()]
        return asr.RecognizeResponse(results=results, id=_id(request)).SerializeToString()

    async def _models(self, data: bytes, context: Context) -> bytes:
        wanted = _parse(asr.RivaSpeechRecognitionConfigRequest, data).model_name
        return recognition.models(await self._core.status(), wanted).SerializeToString()

    async def _translate(self, data: bytes, context: Context) -> bytes:
        request = _parse(nmt.TranslateTextRequest, data)
        asking = partial(translation.asked, request.source_language, request.target_language, request.dnt_phrases)
        config = await beside.done(len(data), asking)
        model = self._name("translate", request.model)
        texts = translation.texts(request)
        translations, served = await recordings.translate(self._core, texts, config, calls.caller(context), model)
        told = [("parley-notices", f"{each.stage} {each.reason}") for each in recordings.fallbacks(translations)]
        context.set_trailing_metadata(((protocol.MODEL, served), *told))
        answer = nmt.TranslateTextResponse(translations=translation.answer(request, translations), id=_id(request))
        return answer.SerializeToString()

    async def _languages(self, data: bytes, context: Context) -> bytes:
        wanted = _parse(nmt.AvailableLanguageRequest, data).model
        return translation.languages(await self._core.status(), wanted).SerializeToString()

    async def _stream(self, _: object, context: Context) -> None:
        first = await self._first(context, asr.StreamingRecognizeRequest, "streaming_config")
        spoken = first.streaming_config
        config = recognition.asked(
            spoken.config, self._name("asr", spoken.config.model), interim=spoken.interim_results
        )
        chunks = self._audio(context, asr.StreamingRecognizeRequest)
        async with aclosing(self._heard(chunks, recognition.form(spoken.config), config, context)) as answers:
            async for answer in answers:
                if answer.transcript.text.strip():
                    result = recognition.live(answer.transcript)
                    await _write(context, asr.StreamingRecognizeResponse(results=[result], id=_id(first)))

    async def _stream_translated(self, _: object, context: Context) -> None:
        first = await self._first(context, nmt.StreamingTranslateSpeechToTextRequest, "config")
        spoken, wanted = first.config.asr_config.config, first.config.translation_config
        config = recognition.asked(spoken, self._name("asr", spoken.model))
        source = wanted.source_language_code or spoken.language_code
        asking = partial(translation.asked, source, wanted.target_language_code, wanted.dnt_phrases)
        config.translate.append(await beside.done(wanted.ByteSize(), asking))
        if model := self._name("translate", wanted.model_name):
            config.models["translate"] = model
        chunks = self._audio(context, nmt.StreamingTranslateSpeechToTextRequest)
        async with aclosing(self._heard(chunks, recognition.form(spoken), config, context)) as answers:
            async for answer in answers:
                if answer.translation.text.strip():
                    result = translation.live(answer.translation)
                    await _write(context, nmt.StreamingTranslateSpeechToTextResponse(results=[result], id=_id(first)))

    async def _heard(
        self, chunks: incoming.Chunks, form: AudioFormat | None, config: PipelineConfig, context: Context
    ) -> AsyncGenerator[PipelineResponse]:
        """What the pipeline says; the trailers say which model served and what did not go as asked."""
        trailers: dict[str, list[str]] = {protocol.MODEL: [], "parley-notices": []}
        with self._memory.reserve() as reservation:
            requests = self._requests(chunks, form, config, reservation)
            async with aclosing(self._core.pipeline(requests, calls.caller(context))) as answers:
                async for answer in answers:
                    if answer.HasField("opened"):
                        trailers[protocol.MODEL] = [answer.opened.models.get("asr", "")]
                    elif answer.HasField("notice"):
                        trailers["parley-notices"].append(f"{answer.notice.stage} {answer.notice.reason}")
                        if lost := notices.loss(answer.notice, "asr", "translate"):
                            raise lost
                    yield answer
        context.set_trailing_metadata(
            tuple((name, ", ".join(values)) for name, values in trailers.items() if any(values))
        )

    async def _requests(
        self, chunks: incoming.Chunks, form: AudioFormat | None, config: PipelineConfig, reservation: Reservation
    ) -> AsyncIterator[PipelineRequest]:
        found, samples = await incoming.listen(chunks, form, self._limits, reservation, mixed=not config.per_channel)
        config.format.CopyFrom(found)
        yield PipelineRequest(config=config)
        async for piece in samples:
            yield PipelineRequest(audio=AudioChunk(data=piece))

    async def _first(self, context: Context, kind: type[Kind], config: str) -> Kind:
        """A stream begins with its config."""
        data = await calls.first(context, self._limits)
        request = kind() if data is protocol.EOF else _parse(kind, data)
        if not request.HasField(config):
            raise ConfigExpected(f"A stream begins with its {config}; send that first.")
        return request

    async def _audio(self, context: Context, kind: type[Message]) -> incoming.Chunks:
        """Then comes nothing but sound; how long the first of it may take is what the next may."""
        async for data in calls.raw(context, self._limits.sound_s):
            request: Any = _parse(kind, data)
            field = request.WhichOneof("streaming_request")
            if field is None:
                raise EmptyMessage("After the config a message is audio_content; send that.")
            if field != "audio_content":
                raise ConfigRepeated("A stream has one config; open another stream for another.")
            yield request.audio_content


async def _answered(handler: Handler, data: Any, context: Context) -> Any:
    return await calls.or_status(handler(data, context), context)


def _parse(kind: type[Kind], data: bytes) -> Kind:
    return cast(Kind, protocol.parse(kind, data))


def _id(request: Any) -> RequestId | None:
    return request.id if request.HasField("id") else None


async def _write(context: Context, answer: Message) -> None:
    await context.write(answer.SerializeToString())


async def _once(data: bytes) -> incoming.Chunks:
    yield data
