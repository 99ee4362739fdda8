"""`parley translate`: text -> the same in another language."""

import asyncio
import codecs
import sys
from collections.abc import AsyncIterator
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.connect import stream
from parley.cli.show.printing import plain, print_json
from parley.cli.sound import STDIN
from parley.cli.stdin import StdinPipe, from_thread


def translate(
    text: Annotated[str, typer.Argument(metavar="TEXT|-", help="The text; - is standard input.")],
    to: Annotated[str, typer.Option("--to", metavar="TAG", help="The language wanted, e.g. de.")],
    source: Annotated[str, typer.Option("--from", metavar="TAG", help="The text's language; else found out.")] = "",
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Translate text; from standard input, each sentence as it completes."""
    config = {"source_language": source, "target_language": to}
    by, pieces = asyncio.run(_translated(server, model, text, config, quiet=as_json))
    whole = "".join(piece.text for piece in pieces)
    for told in dict.fromkeys(piece.fallback.message for piece in pieces if piece.HasField("fallback")):
        typer.echo(f"translate: {told}", err=True)
    if as_json:
        listed = [_listed(piece) for piece in pieces]
        found = next((piece.source_language for piece in pieces), source)
        print_json({"text": whole, "from": found, "to": to, "model": by, "pieces": listed})
    elif not whole.endswith("\n"):
        print()


def _listed(piece: Any) -> dict[str, Any]:
    fallback = {"fallback": plain(piece.fallback)} if piece.HasField("fallback") else {}
    return {"source_text": piece.source_text, "text": piece.text, **fallback}


async def _translated(
    server: str, model: str, text: str, config: dict[str, str], *, quiet: bool
) -> tuple[str, list[Any]]:
    by, pieces = "", []
    async for answer in stream(server, "Translate", config, _texts(text), model=model):
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
    async for piece in from_thread(StdinPipe(0).rest()):
        if part := decoder.decode(piece):
            yield part
        if by_hand:
            yield None
