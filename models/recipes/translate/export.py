"""The trained weights as a CTranslate2 model, checked against the PyTorch twin token by token."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from ctranslate2.specs.transformer_spec import TransformerSpec

from models.recipes.specification import array, fill
from models.recipes.training import averaged_weights
from models.recipes.translate import corpus
from models.recipes.translate.card import document
from models.recipes.translate.engine import Engine
from models.recipes.translate.model import Shape, Translator, padding_bias
from models.recipes.translate.pieces import END, PAD, START, Pieces

SAMPLE = 200  # sentences of the check, a quarter in each direction
POSITIONS = 256  # more than any cut sentence has; each costs a kilobyte
LIMIT = 80  # pieces compared of each translation


def export(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write the int8 model to `out`, from whatever checkpoint there is."""
    twin, step, minutes = load_twin(work)
    pieces = Pieces(work / "pieces.model")
    write(twin, pieces, work / "float", None)
    write(twin, pieces, out, "int8")
    shutil.copy(work / "pieces.model", out / "pieces.model")
    shutil.copy(work / "pieces.model", work / "float" / "pieces.model")
    report = {"step": step, "cpu_minutes": round(minutes, 1), **check(twin, pieces, work, out)}
    print(report, flush=True)
    document(work, data, out, report)


def load_twin(work: Path) -> tuple[Translator, int, float]:
    """The averaged weights in float32, ready to be compared."""
    shape = Shape(**json.loads((work / "settings.json").read_text())["shape"])
    weights, step, minutes = averaged_weights(work)
    twin = Translator(shape)
    twin.load_state_dict(weights)
    twin.compute = torch.float32
    return twin.eval(), step, minutes


def write(twin: Translator, pieces: Pieces, folder: Path, quantization: str | None) -> None:
    """One CTranslate2 model folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = specification(twin)
    vocabulary = pieces.vocabulary()
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.layer_norm_epsilon = 1e-5
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


def specification(twin: Translator) -> TransformerSpec:
    """The twin's weights under CTranslate2's names."""
    spec = TransformerSpec.from_config((twin.shape.encoders, twin.shape.decoders), twin.shape.heads)
    for side in (spec.encoder, spec.decoder):
        side.position_encodings.encodings = twin.positions[:POSITIONS].numpy()
    spec.encoder.embeddings[0].weight = array(twin.embedding)
    spec.decoder.embeddings.weight = array(twin.embedding)
    spec.decoder.projection.weight = array(twin.embedding)
    fill(spec, twin)
    return spec


def check(twin: Translator, pieces: Pieces, work: Path, out: Path) -> dict[str, float]:
    """How many real sentences come out of each export with exactly the twin's greedy tokens."""
    sources = _sample(pieces, work)
    wanted = [pieces.processor.id_to_piece(ids) for ids in greedy(twin, sources, pieces)]
    report: dict[str, float] = {"compared": len(sources)}
    for name, folder, compute in (("float32", work / "float", "float32"), ("int8", out, "int8")):
        got = Engine(folder, compute=compute, beam=1, guard=0, longest=LIMIT).pieces(sources, batch=50)
        same = [a == b for a, b in zip(wanted, got, strict=True)]
        report[f"{name}_same_sentences"] = round(sum(same) / len(same), 4)
        report[f"{name}_same_tokens"] = round(_prefix_share(wanted, got), 4)
    assert report["float32_same_sentences"] >= 0.99, report
    return report


def _sample(pieces: Pieces, work: Path) -> list[list[str]]:
    pairs = corpus.load(work / "test.jsonl")
    sources = []
    for source, target in corpus.DIRECTIONS:
        mine = [p for p in pairs if p.language in (source, target)][: SAMPLE // 4]
        sources += [pieces.source(p.side(source), target) for p in mine]
    return sources


def _prefix_share(wanted: list[list[str]], got: list[list[str]]) -> float:
    """The share of the twin's tokens that stand before the first difference."""
    agreed = 0
    for mine, theirs in zip(wanted, got, strict=True):
        pairs = list(zip(mine, theirs, strict=False))
        agreed += next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))
    return agreed / max(1, sum(map(len, wanted)))


@torch.no_grad()
def greedy(twin: Translator, sources: list[list[str]], pieces: Pieces, limit: int = LIMIT) -> list[list[int]]:
    """The twin's own greedy decoding, without a cache: slow, plain and independent."""
    width = max(map(len, sources))
    source = torch.full((len(sources), width), PAD)
    for row, tokens in enumerate(sources):
        source[row, : len(tokens)] = torch.tensor(pieces.processor.piece_to_id(tokens))
    padding = padding_bias(source, twin.compute)
    encoded = twin.encode(source, padding)
    target = torch.full((len(sources), 1), START)
    for _ in range(limit):
        last = twin.logits(twin.decode(target, encoded, padding)[:, -1])
        target = torch.cat([target, last.argmax(-1, keepdim=True)], dim=1)
        if bool((target == END).any(1).all()):
            break
    return [_until_end(row[1:]) for row in target.tolist()]


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(END)] if END in ids else ids
