"""The part of the OpenAPI document that describes LibreTranslate's API. Must not know how it is served."""

from gateway.http.document.phrases import MODEL, ONE_OR_MORE, SERVED, TEXT, TEXTS, content, fields, good, operation
from gateway.http.document.schema import Json, ref

API_KEY: Json = {"type": "string", "description": "Where keys are needed and none is in a header."}
NOT_BLANK: Json = {"type": "string", "pattern": r"\S"}
TRANSLATION = fields(
    ("q", "target"),
    q={"oneOf": [TEXT, TEXTS | {"minItems": 1, "maxItems": 128}]},
    source={"type": "string", "default": "auto"},
    target=NOT_BLANK,
    format={"type": "string", "enum": ["text"], "default": "text"},
    alternatives={"type": "integer", "minimum": 0, "maximum": 100, "description": "Answered with none."},
    api_key=API_KEY,
    model=MODEL,
)
LANGUAGE = fields(("code", "name", "targets"), code=TEXT, name=TEXT, targets=TEXTS)
DETECTED = {"language": "de", "confidence": 98.7}
TRANSLATE_ME = {"q": "Good morning.", "source": "en", "target": "de", "format": "text"}

PATHS: Json = {
    "/translate": {
        "post": operation(
            "Text in another language, in LibreTranslate's shape",
            good(
                "The translation, a list where `q` was one.",
                content("application/json", ref("Translated"), {"translatedText": "Guten Morgen."}),
                SERVED,
            ),
            content("application/json", TRANSLATION, TRANSLATE_ME)
            | content("application/x-www-form-urlencoded", TRANSLATION, TRANSLATE_ME)
            | content("multipart/form-data", TRANSLATION, TRANSLATE_ME),
            "LibreTranslateError",
            "curl -d q='Good morning.' -d source=en -d target=de http://localhost:8080/translate",
        )
    },
    "/detect": {
        "post": operation(
            "A text's language, in LibreTranslate's shape",
            good(
                "The likeliest first; none: no language that the model knows.",
                content("application/json", {"type": "array", "items": ref("Detected")}, [DETECTED]),
                SERVED,
            ),
            content(
                "application/json", fields(("q",), q=NOT_BLANK, api_key=API_KEY, model=MODEL), {"q": "Guten Morgen."}
            )
            | content(
                "application/x-www-form-urlencoded",
                fields(("q",), q=NOT_BLANK, api_key=API_KEY, model=MODEL),
                {"q": "Guten Morgen."},
            ),
            "LibreTranslateError",
            "curl -d q='Guten Morgen.' http://localhost:8080/detect",
        )
    },
    "/languages": {
        "get": operation(
            "What can be translated into what, in LibreTranslate's shape",
            good(
                "The languages.",
                content(
                    "application/json",
                    {"type": "array", "items": LANGUAGE},
                    [{"code": "en", "name": "English", "targets": ["de"]}],
                ),
            ),
            shape="LibreTranslateError",
            curl="curl http://localhost:8080/languages",
        )
    },
}

SCHEMAS: Json = {
    "LibreTranslateError": fields(("error",), error=TEXT),
    "Detected": fields(("language", "confidence"), language=TEXT, confidence={"type": "number"}),
    "Translated": fields(
        ("translatedText",), translatedText=ONE_OR_MORE, detectedLanguage={}, alternatives={"type": "array"}
    ),
}
