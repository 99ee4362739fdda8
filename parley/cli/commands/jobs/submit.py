"""`parley jobs submit`: files and folders of this machine, or what lies at addresses and in folders of the server's."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.commands.jobs.watch import watched
from parley.cli.outcome import Exit, exit_of, say_error
from parley.cli.pipeline_options import PipelineOptions, models_of
from parley.cli.show.batch import told
from parley.cli.show.printing import print_json
from parley.errors import BadInput, Overloaded, ParleyError, UploadTooLarge
from parley.jobs.job import SOUNDS

PATH = "/v1/jobs"
FULL = "DISK_FULL"
PAUSE_S = 5.0  # before a server that is full is asked again


def submit(
    paths: Annotated[list[str] | None, typer.Argument(metavar="FOLDER|FILE...", help="Recordings to send.")] = None,
    batch: Annotated[str, typer.Option("--batch", help="What they belong to; default: the folder's name.")] = "",
    url: Annotated[list[str] | None, typer.Option("--url", help="A recording to fetch; repeatable.")] = None,
    server_folder: Annotated[
        str, typer.Option("--server-folder", metavar="PATH", help="Recordings that lie on the server's machine.")
    ] = "",
    deadline_s: Annotated[float, typer.Option("--deadline", metavar="SECONDS", help="Failed if not done by then.")] = 0,
    webhook: Annotated[str, typer.Option("--webhook", metavar="URL", help="Told when each of them has ended.")] = "",
    speakers: options.Speakers = False,
    voice: options.Voices = None,
    translate_to: options.TranslateTo = None,
    per_channel: options.PerChannel = False,
    denoise: Annotated[bool, typer.Option("--denoise", help="Also give the cleaned recording.")] = False,
    with_: options.With = None,
    language: options.Language = "",
    model: options.Models = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the results.")] = False,
    http: options.Http = options.HTTP,
    as_json: options.AsJson = False,
) -> None:
    """Submit recordings, and watch them; Ctrl-C leaves them to go on. The same again submits only what is missing."""
    wanted = PipelineOptions(
        language=language, word_times=True, recording=True, speakers=speakers, voices=tuple(voice or ()),
        per_channel=per_channel, denoise=denoise, added=tuple(with_ or ()), translate_to=tuple(translate_to or ()),
        models=models_of(model or ()),
    )  # fmt: skip
    common: dict[str, Any] = {"pipeline": _pipeline(wanted), "deadline_s": deadline_s, "webhook": webhook}
    if paths:
        batch = _sent(http, _files(paths), common, batch or _named(paths), quiet=as_json)
    elif url or server_folder:
        elsewhere: dict[str, Any] = {"urls": url} if url else {"folder": server_folder}
        asked = {**elsewhere, **common, "batch": batch or Path(server_folder).name}
        batch = str(ask(http, PATH, "POST", {**asked, "pipeline": json.loads(common["pipeline"])})["batch"])
    else:
        raise BadInput("Name recordings: files, folders, --url or --server-folder.")
    if detach:
        print_json({"batch": batch}) if as_json else typer.echo(f"Watch them: parley jobs watch {batch}")
        return
    watched(http, batch, as_json=as_json)


def _pipeline(wanted: PipelineOptions) -> str:
    """As JSON; cleaned sound comes back, and words are those of the recording as it is."""
    from google.protobuf.json_format import MessageToJson

    from parley.v1.pipeline_pb2 import PipelineConfig

    stages = wanted.stages()
    stages.pop("denoise_for", "")
    return MessageToJson(PipelineConfig(**stages), preserving_proto_field_name=True, indent=None)


def _files(paths: Sequence[str]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found += [(str(each.relative_to(path)), each) for each in _in(path)]
        elif path.is_file():
            found.append((path.name, path))
        else:
            raise BadInput(f"There is no {text}; name a recording or a folder of them.")
    if not found:
        raise BadInput(f"{paths[0]} holds no recordings; they end in .wav, .flac, .mp3 or the like.")
    return found


def _in(folder: Path) -> Iterator[Path]:
    yield from (each for each in sorted(folder.rglob("*")) if each.suffix.lower() in SOUNDS and each.is_file())


def _named(paths: Sequence[str]) -> str:
    """The same for the same files, so that a second call goes on with the first one's batch."""
    if len(paths) == 1 and Path(paths[0]).is_dir():
        return Path(paths[0]).resolve().name
    return hashlib.sha256("\n".join(sorted(str(Path(each).resolve()) for each in paths)).encode()).hexdigest()[:12]


def _sent(http: str, files: Sequence[tuple[str, Path]], common: dict[str, Any], batch: str, *, quiet: bool) -> str:
    """Each of them once, however often this is called: its key says which recording it is, for what."""
    sent, refused = 0, list[ParleyError]()
    try:
        for name, file in files:
            try:
                _send(http, name, file, common, batch)
                sent += 1
            except (UploadTooLarge, UnreadableFile) as error:
                say_error(type(error)(f"{name}: {error}"))
                refused.append(error)
            told(f"{sent} of {len(files)} sent", quiet=quiet, last=sent + len(refused) == len(files))
    except KeyboardInterrupt:
        again = "run the same command again to send the others"
        typer.echo(f"\n{sent} of {len(files)} are sent and go on; {again}, or: parley jobs watch {batch}", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    if not sent:
        raise typer.Exit(exit_of(refused[0]))
    return batch


class UnreadableFile(BadInput):
    """One of several files that cannot be read; the others are sent."""

    reason = "FILE_UNREADABLE"


def _send(http: str, name: str, file: Path, common: dict[str, Any], batch: str) -> None:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"it cannot be read ({error.strerror}).") from None
    asked = {**common, "name": name[-255:], "batch": batch}
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode() + data).hexdigest()[:32]
    while True:
        try:
            ask(http, f"{PATH}?{urlencode(asked | {'idempotency_key': key})}", "POST", data)
            return
        except Overloaded as full:
            if full.reason == FULL:
                raise
            time.sleep(full.retry_s or PAUSE_S)
