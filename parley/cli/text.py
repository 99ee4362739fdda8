"""Text -> the same in another language. Must not know options."""

import asyncio
import codecs
import sys
from collections.abc import AsyncIterator
from typing import Any

from parley.cli.connect import connected
from parley.cli.printing import print_json
from parley.cli.sound import STDIN
from parley.cli.stdin import Pipe, from_thread
from parley.client import requests_of
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest


def render(server: str, model: str, text: str, *, source: str, target: str, as_json: bool) -> None:
    """Each piece as it comes; as JSON all of them at the end."""
    config = TranslateConfig(source_language=source, target_language=target)
    by, pieces = asyncio.run(_render(server, model, text, config, quiet=as_json))
    whole = "".join(piece.text for piece in pieces)
    if as_json:
        listed = [{"source_text": piece.source_text, "text": piece.text} for piece in pieces]
        found = next((piece.source_language for piece in pieces), source)
        print_json({"text": whole, "from": found, "to": target, "model": by, "pieces": listed})
    elif not whole.endswith("\n"):
        print()


async def _render(server: str, model: str, text: str, config: TranslateConfig, *, quiet: bool) -> tuple[str, list[Any]]:
    by, pieces = "", []
    async with connected(server) as client:
        async for answer in client.stream(
            "Translate", requests_of(TranslateRequest, config, _texts(text)), model=model
        ):
            if answer.WhichOneof("event") == "opened":
                by = answer.opened.model
                continue
            pieces.append(answer.translation)
            if not quiet:
                sys.stdout.write(answer.translation.text)
                sys.stdout.flush()
    return by, pieces


async def _texts(text: str) -> AsyncIterator[str | None]:
    """A text; or standard input as it comes, where a person's line is a whole sentence."""
    if text != STDIN:
        yield text
        return
    decoder, by_hand = codecs.getincrementaldecoder("utf-8")(errors="replace"), sys.stdin.isatty()
    async for piece in from_thread(Pipe(0).rest()):
        if part := decoder.decode(piece):
            yield part
        if by_hand:
            yield None
