"""`parley models`: what lies here, what can be fetched, what a server has open. A command a file."""

import typer

from parley.cli.commands.models.add import add
from parley.cli.commands.models.bundle import export, import_
from parley.cli.commands.models.convert import convert
from parley.cli.commands.models.listing import list_
from parley.cli.commands.models.pull import pull
from parley.cli.commands.models.quantize import quantize
from parley.cli.commands.models.remove import gc, rm
from parley.cli.commands.models.serving import load, retire
from parley.cli.commands.models.show import show
from parley.cli.commands.models.verify import verify
from parley.cli.commands.rollouts import drift
from parley.cli.commands.routes import promote, rollback
from parley.cli.outcome import Commands

app = typer.Typer(
    cls=Commands, help="The versions of each stage's models.", no_args_is_help=True, rich_markup_mode=None
)
app.command("list")(list_)
app.command("import")(import_)
for command in (show, pull, add, verify, quantize, convert, rm, gc, export, load, retire, promote, rollback, drift):
    app.command()(command)
