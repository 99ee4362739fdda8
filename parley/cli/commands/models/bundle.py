"""`parley models export` and `import`: a version as one file, for places without a network. Must not know a stage."""

from pathlib import Path
from typing import Annotated

import typer

from parley.cli import options
from parley.cli.commands.models.here import Configs, Name, Root, Stage, megabytes, store
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput


def export(
    name: Name,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Else NAME-VERSION.parley in this folder.")] = "",
    stage: Stage = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Write a version into one file, after checking every byte of it; say the file's sha256."""
    from parley.store import bundle

    found = store(root, configs).find(name, stage)
    path = Path(out or f"{found.ref.name}-{found.ref.version}{bundle.SUFFIX}")
    total = bundle.write(found.folder, path)
    if as_json:
        print_json({"file": str(path), "sha256": total, "bytes": path.stat().st_size, "model": str(found.ref)})
    else:
        print_line(f"{found.stage} {found.ref} is in {path}, {megabytes(path.stat().st_size)}, sha256 {total}")
        print_line(f"There: parley models import {path.name} --sha256 {total}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `parley models export` has written.")],
    sha256: Annotated[str, typer.Option("--sha256", help="That the exporting side was told.")] = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Put an exported version where the services find it, after checking every byte of it."""
    from parley.engines.model import ModelRef
    from parley.store import bundle
    from parley.store.incoming import MODEL, free, incoming, put

    here = store(root, configs)
    if sha256:
        bundle.check_sum(file, sha256)
    with bundle.opened(file) as (listed, archive):
        ref, models = ModelRef.of(listed.model), here.own(listed.stage) / listed.stage
        if listed.stage not in here.stages:
            raise BadInput(f"{file} is for the stage {listed.stage}, which no config here names.")
        if here.trust(listed.stage).policy == "pinned" and not sha256:
            raise BadInput(f'`trust.policy` is "pinned": say the sum that the export told, with --sha256 ({file}).')
        place = free(models / ref.name / ref.version)
        with incoming(models, f"import {ref}") as at:
            (at / MODEL).mkdir()
            bundle.unpack(archive, listed, at / MODEL, file)
            put(at / MODEL, place)
    if as_json:
        print_json({"model": str(ref), "stage": listed.stage, "folder": str(place)})
    else:
        print_line(f"{ref} is in {place}")
        print_line(f"Serve it: parley models load {listed.stage} {ref} --default")
