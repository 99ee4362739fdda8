"""A command for every stage that has none of its own: `parley <stage> ...`, made of what its proto declares.

Must not know any stage by name. Protobuf is loaded only for help and for words that no other command answers to.
"""

from typing import Any

import typer
from typer.main import get_command

from parley.cli.outcome import Commands


class StageCommands(Commands):
    """The commands that are written, and those that follow from the protos."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The written ones first."""
        return [*super().list_commands(ctx), *self._added()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The written one, else the stage's."""
        if (written := super().get_command(ctx, cmd_name)) is not None:
            return written
        stage = self._added().get(cmd_name)
        return _command(stage) if stage else None

    def _added(self) -> dict[str, Any]:
        from parley.wire.stages import STAGES

        return {each.command: each for each in STAGES.values() if each.command not in self.commands}


def _command(stage: Any) -> Any:
    """How a stage is run alone follows from what goes in and what comes out."""
    from parley.cli.commands.stage_alone import filter_command, listener_command, rewriter_command

    makers = ((stage.is_filter, filter_command), (stage.is_listener, listener_command))
    made = next((maker for fits, maker in makers if fits), rewriter_command)
    one = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    one.command(stage.command, help=f"Run the stage {stage.name} alone.")(made(stage))
    return get_command(one)
