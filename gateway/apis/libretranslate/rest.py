"""LibreTranslate's REST API: text into another language. No decisions in it."""

from starlette.responses import JSONResponse, Response

from gateway import recordings
from gateway.apis.libretranslate import shapes
from gateway.caller import Caller
from gateway.core import Core
from gateway.http.endpoint import Endpoint, ignored, served
from gateway.http.fields import Fields
from gateway.report import status as report


class LibreTranslate:
    """One method an endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("POST", "/translate", self.translate, shapes.refusal, is_cached=True),
            Endpoint("POST", "/detect", self.detect, shapes.refusal),
            Endpoint("GET", "/languages", self.languages, shapes.refusal),
        ]

    async def translate(self, fields: Fields, caller: Caller) -> Response:
        """Text in another language, in LibreTranslate's shape."""
        wanted = shapes.asked(fields)
        translations, model = await recordings.translate(
            self._core, wanted.texts, wanted.config, caller, fields.text("model")
        )
        headers = served(model, recordings.fallbacks(translations)) | ignored(fields, shapes.FIELDS)
        return JSONResponse(shapes.answer(wanted, translations), headers=headers)

    async def detect(self, fields: Fields, caller: Caller) -> Response:
        """A text's language, in LibreTranslate's shape."""
        text, config = shapes.asked_language(fields)
        (translation,), model = await recordings.translate(self._core, [text], config, caller, fields.text("model"))
        headers = served(model) | ignored(fields, shapes.FIELDS)
        return JSONResponse(shapes.detected(translation), headers=headers)

    async def languages(self, fields: Fields, caller: Caller) -> Response:
        """What can be translated, in LibreTranslate's shape."""
        return JSONResponse(shapes.languages(report.loaded(await self._core.status(), "translate")))
