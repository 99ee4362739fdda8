"""`parley models pull mlflow:NAME@ALIAS`: a version of MLflow's registry, checked as one that is added."""

from parley.cli.commands.models.here import Store
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput

PREFIX, MOST_GB = "mlflow:", 20


def registered(here: Store, line: str, *, as_json: bool) -> None:
    """A version of MLflow's registry, which has its own model.toml: checked as one that is added."""
    from parley.cli.commands.models.verify import contract
    from parley.cli.show.steps import Steps
    from parley.engines.trust import FIRST_USE, KEY
    from parley.store import mlflow_registry
    from parley.store.incoming import MODEL, free, incoming, put
    from parley.store.own import copied
    from parley.store.sources import check

    check(line)
    with Steps(quiet=as_json) as steps, incoming(here.own("own"), line) as at:
        steps.say(f"fetching {line}")
        folder, version = mlflow_registry.fetch(line, at)
        (at / MODEL).mkdir()
        origin = {"from": line, "revision": version, KEY: FIRST_USE}
        spec = copied(folder, at / MODEL, "", "", round(MOST_GB * 1e9), origin)
        _allow(here, spec.stage, line)
        place = free(here.own(spec.stage) / spec.stage / spec.ref.name / spec.ref.version)
        contract(here, spec, steps).refuse_broken()
        put(at / MODEL, place)
    if as_json:
        return print_json({"model": str(spec.ref), "stage": spec.stage, "folder": str(place), "source": origin})
    print_line(f"{spec.ref} is in {place}, version {version} there")
    return print_line(f"Serve it: parley models load {spec.stage} {spec.ref} --default")


def _allow(here: Store, stage: str, line: str) -> None:
    """Nobody has told the sums of what a registry leads to."""
    if here.trust(stage).policy == "pinned":
        how = "export it where it was made, and import it here with its --sha256"
        raise BadInput(f'{line} cannot be pulled: `trust.policy` is "pinned"; {how}.')
