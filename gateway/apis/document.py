"""The OpenAPI document: what every API takes and gives, with examples. Must not know how they are served."""

from gateway.apis.libretranslate import document as libretranslate
from gateway.apis.native import document as native
from gateway.apis.openai import document as openai
from gateway.http.document.schema import Json

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Parley",
        "version": "1",
        "description": "Speech in; cleaned audio, words, speakers and translations out.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": openai.PATHS | native.PATHS | libretranslate.PATHS,
    "components": {"schemas": native.SCHEMAS | openai.SCHEMAS | libretranslate.SCHEMAS},
}
