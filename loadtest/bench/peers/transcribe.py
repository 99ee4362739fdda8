"""faster-whisper as a program uses it: recordings in, texts and seconds out. Runs in the peer's own environment.

Arguments: plain or batched, the weights, how many callers, then WAV files. One JSON object on stdout.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def main(way: str, weights: str, callers: str, *files: str) -> None:
    """Everybody takes the next file until there is none."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(weights, device="cpu", compute_type="int8")
    asked = {"language": "en", "beam_size": 5}
    if way == "batched":
        model, asked = BatchedInferencePipeline(model), {**asked, "batch_size": 8}

    def text(file: str) -> str:
        return " ".join(segment.text.strip() for segment in model.transcribe(file, **asked)[0])

    text(files[0])  # what is made at the first call is no measure
    began = time.perf_counter()
    with ThreadPoolExecutor(int(callers)) as pool:
        texts = list(pool.map(text, files))
    print(json.dumps({"seconds": time.perf_counter() - began, "texts": texts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
