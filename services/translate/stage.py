"""What the translate folder declares."""

from parley.errors import BadInput
from parley.model import ModelSpec
from parley.stage import ServiceConfig, Stage, read_text
from parley.v1 import translate_pb2 as v1
from services.translate.engine import open_engine
from services.translate.session import TranslateSession, Wishes


def begin(config: v1.TranslateConfig, spec: ModelSpec, settings: ServiceConfig) -> TranslateSession:
    """Check what is asked, and open a stream's memory."""
    source, target = config.source_language.split("-")[0], config.target_language.split("-")[0]
    if not target:
        raise BadInput("A translation needs a target_language, e.g. de.")
    for language in filter(None, (source, target)):
        if spec.languages and language not in spec.languages:
            raise BadInput(f"{spec.ref} does not know the language {language!r}; it knows {', '.join(spec.languages)}.")
    if any(not entry.source.strip() for entry in config.glossary):
        raise BadInput("A glossary entry needs a source phrase.")
    return TranslateSession(Wishes(source, target, {entry.source: entry.target for entry in config.glossary}))


STAGE = Stage(v1.DESCRIPTOR.services_by_name["Translate"], ServiceConfig, open_engine, begin, read_text)
