"""`parley jobs`: recordings for the background. Must not know how they are worked on."""

import typer

from parley.cli.commands.jobs.kept import cancel, delete, list_, replay, results, retry, show
from parley.cli.commands.jobs.submit import submit
from parley.cli.commands.jobs.watch import watch
from parley.cli.outcome import Commands

app = typer.Typer(
    cls=Commands, help="Recordings by the thousand, in the background.", no_args_is_help=True, rich_markup_mode=None
)
for command in (submit, watch, show, cancel, retry, results, delete, replay):
    app.command()(command)
app.command("list")(list_)
