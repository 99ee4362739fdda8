"""The `parley` command. Must not know gRPC, nor what a command does: heavy things are imported when one runs."""

import typer

from parley.cli.commands import audit, jobs, keys, loadtest, mlflow, models, routes, voices
from parley.cli.commands.added_stages import StageCommands
from parley.cli.commands.denoise import denoise
from parley.cli.commands.diarize import diarize
from parley.cli.commands.forget import forget
from parley.cli.commands.status import status
from parley.cli.commands.stream import stream
from parley.cli.commands.trace import trace
from parley.cli.commands.transcribe import transcribe
from parley.cli.commands.translate import translate
from parley.cli.commands.up import up
from parley.cli.outcome import EPILOG

app = typer.Typer(
    cls=StageCommands,
    help="Self-hosted speech serving with a latency promise.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (up, stream, transcribe, denoise, diarize, translate):
    app.command()(command)
app.add_typer(models.app, name="models")
app.add_typer(routes.app, name="routes")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(voices.app, name="voices")
app.add_typer(jobs.app, name="jobs")
app.add_typer(mlflow.app, name="mlflow")
app.add_typer(loadtest.app, name="loadtest")
app.command()(status)
app.command()(trace)
app.command()(forget)


def main() -> None:
    """The entry point."""
    app()
