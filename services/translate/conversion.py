"""How good a translator is, on sentences that people have translated: for who converts it. Must not know how."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from parley.bleu import bleu
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.errors import BadInput
from parley.serving.stage import Conversion
from services.translate.languages import Languages
from services.translate.sentence import Sentence, Translated

SENTENCES = "sentences.tsv"  # a language a column, named in the first line
MOST_WAYS = 12  # of a model that knows many


def quality(spec: ModelSpec, engine: Engine[Sentence, Translated], examples: Path) -> float:
    """BLEU, on average over the ways that both it and the sentences know."""
    table = read(examples / SENTENCES)
    ways = [way for way in sorted(Languages.of(spec).pairs) if {*way} <= table.keys()][:MOST_WAYS]
    if not ways:
        known = ", ".join(table)
        raise BadInput(f"{examples / SENTENCES} has {known}, and {spec.ref} no way between two of them; name others.")
    return fmean(bleu(_both(engine, table, *way)) for way in ways)


def _both(
    engine: Engine[Sentence, Translated], table: Mapping[str, Sequence[str]], source: str, target: str
) -> Iterator[tuple[str, str]]:
    done = engine.run([Sentence(text, source, target) for text in table[source]])
    return zip([each.text for each in done], table[target], strict=True)


def read(path: Path) -> dict[str, list[str]]:
    """Each language's sentences."""
    try:
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} cannot be read ({error}); write a column a language, named in its first line."
        ) from None
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise BadInput(f"{path} needs lines of as many columns as its first one, which names their languages.")
    return {language: [row[n] for row in rows[1:]] for n, language in enumerate(rows[0])}


CONVERSION = Conversion(quality, "BLEU", most_loss=1.0)
