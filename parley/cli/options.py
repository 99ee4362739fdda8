"""The options that several commands share. Must not know what a command does with them."""

import os
from typing import Annotated

import typer

Server = Annotated[str, typer.Option("--server", metavar="[grpcs://]HOST:PORT", help="The gateway's gRPC address.")]
Http = Annotated[str, typer.Option("--http", metavar="URL", help="The gateway's HTTP address.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME[@VERSION]", help="The model; else the server's default.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="[STAGE=]NAME[@VERSION]", help="The model of asr or of a stage; repeatable."),
]
Language = Annotated[
    str,
    typer.Option("--language", metavar="TAG", help="The language spoken, e.g. en, or those that may be: de,fr."),
]
Speakers = Annotated[bool, typer.Option("--speakers", help="Say who speaks.")]
Voices = Annotated[
    list[str] | None, typer.Option("--voice", metavar="NAME", help="A voice of `parley voices` to know; repeatable.")
]
TranslateTo = Annotated[
    list[str] | None, typer.Option("--translate-to", metavar="TAG", help="Translate, e.g. into de; repeatable.")
]
PerChannel = Annotated[bool, typer.Option("--per-channel", help="Hear each channel by itself, as a speaker.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="An audio file.")]
Denoise = Annotated[bool, typer.Option("--denoise", help="Recognise the cleaned sound.")]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with", metavar="STAGE[=JSON]", help="One more stage, e.g. of your own, with its config; repeatable."
    ),
]

KEY = "PARLEY_API_KEY"  # in the environment: options are in everybody's list of processes


def credentials() -> dict[str, str]:
    """What tells the gateway who asks."""
    key = os.environ.get(KEY, "")
    return {"authorization": f"Bearer {key}"} if key else {}


SERVER = "localhost:50051"
HTTP = "http://localhost:8080"
