"""Runs encoder-decoder models with CTranslate2. Must not know a stage: the options say whisper or translator."""

import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import ctranslate2
import numpy as np
import numpy.typing as npt

from parley.config import Within
from parley.engines import memory, options, weights, whisper
from parley.engines.model import ModelSpec
from parley.engines.protocols import Alignment, Decoding, Generated, Generator, Tensors, Tokens
from parley.engines.whisper import ANY, END, STRIDE
from parley.errors import BadModel
from parley.machine import cores

LIBRARIES = ("ctranslate2",)
EXTRAS = ("cpu", "gpu")

DEVICES = {"GPU": "cuda", "CPU": "cpu"}
HALF = "float16"
TIMES_ITS_SIZE = {False: 2.5, True: 4.3}  # of the weight file, while it is loaded; half precision is widened first
LONGEST = 448  # places in Whisper's decoder
ENCODED_AT_ONCE = 512
MAY_BE_SILENT, UNLIKELY = 0.3, -1.0  # chance that nobody speaks; mean log-probability of the words
WIDTH = "CT2_FORCE_CPU_ISA"
PROCESSOR = Path("/proc/cpuinfo")
UNSLOWED = "avx512_vbmi2"  # processors that know this do not slow down when they work on 512 bits at a time
Quantized = Literal["int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16"]
Numbers = Literal["default", "auto", Quantized, "float16", "bfloat16", "float32"]


@dataclass(frozen=True)
class Options:
    """What a model may say of how it is run."""

    architecture: Literal["translator", "whisper"] = "translator"
    compute_type: Numbers = "int8"
    threads: Annotated[int, Within(1, 256)] = 1  # of one call
    n_mels: Annotated[int, Within(1, 1024)] = 80  # bands that a Whisper is shown
    suppress_blank: bool = True
    alignment_median: Annotated[int, Within(1, 99)] = 7


def devices() -> Sequence[str]:
    """CUDA where the driver answers, and the CPU."""
    return ("GPU", "CPU") if ctranslate2.get_cuda_device_count() else ("CPU",)


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """There are none."""
    raise BadModel(f"{spec.ref}: the ctranslate2 backend runs generators only; a graph needs onnx or openvino.")


def generator(spec: ModelSpec, device: str) -> Generator:
    """Load from memory, so that what was checked is what is loaded."""
    widen()
    _check_room(spec)
    how = options.part(Options, spec)
    files = {name: spec.bytes_of(name) for name in spec.files}
    settings = {
        "device": DEVICES[device],
        "compute_type": how.compute_type,
        "inter_threads": cores(),  # calls at a time; how many there are is the batcher's affair
        "intra_threads": how.threads,
        # Admission is the batcher's: with a bound of its own CTranslate2 would block instead of refusing.
        "max_queued_batches": -1,
        "files": files,
    }
    if how.architecture == "whisper":
        vocabulary = whisper.vocabulary(spec)
        model = ctranslate2.models.Whisper(str(spec.folder), **settings)
        _check_bands(spec, model, how.n_mels)
        return WhisperGenerator(model, vocabulary, how)
    return TextGenerator(ctranslate2.Translator(str(spec.folder), **settings))


def _check_room(spec: ModelSpec) -> None:
    """The file, its numbers as they are read, and what they are converted to: for a while all of them are there."""
    with suppress(BadModel):  # what is wrong with the file is said when its sum is taken
        found = weights.read(spec.folder / "model.bin")
        memory.demand(round(found.size * TIMES_ITS_SIZE[found.number_format == HALF]), str(spec.ref))


def _check_bands(spec: ModelSpec, model: "ctranslate2.models.Whisper", shown: int) -> None:
    """A model that is shown other features than it was taught would say anything."""
    if shown != model.n_mels:
        raise BadModel(f"{spec.ref} hears {model.n_mels} mel bands; write n_mels = {model.n_mels} under [options].")


def widen() -> None:
    """Left alone, CTranslate2 works on 256 bits at a time whatever the processor can do."""
    if PROCESSOR.exists() and UNSLOWED in PROCESSOR.read_text().split():
        os.environ.setdefault(WIDTH, "AVX512")


def _search(how: Decoding) -> dict[str, Any]:
    return {
        "beam_size": how.beam,
        "repetition_penalty": how.repetition_penalty,
        "no_repeat_ngram_size": how.no_repeat_ngram,
    }


class WhisperGenerator:
    """Log-mel features in, text tokens out. A prompt may leave its language open: `<|language|>` is filled in."""

    def __init__(self, model: "ctranslate2.models.Whisper", vocabulary: Sequence[str], how: Options) -> None:
        self._model, self._options = model, how
        self._numbers = {token: number for number, token in enumerate(vocabulary)}
        self._end = self._numbers[END]

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source; the sources are equally long, the prompts too, what answers begin with need not be."""
        memory = self._encode(np.asarray(sources, np.float32).transpose(0, 2, 1))
        spoken = self._languages(memory, prompts, how)
        begun = [
            [whisper.token(spoken[n][0]) if token == ANY else token for token in prompt]
            for n, prompt in enumerate(prompts)
        ]
        results = self._say(memory, begun, how)
        silent = self._silent(memory, begun, results, how)
        texts = [[] if silent[n] else self._text(each) for n, each in enumerate(results)]
        where = self._align(memory, begun, texts, how.align) if any(how.align) else [Alignment()] * len(texts)
        return [
            Generated(tokens, result.scores[0] if tokens else 0.0, result.no_speech_prob, *language, alignment)
            for result, tokens, language, alignment in zip(results, texts, spoken, where, strict=True)
        ]

    def _encode(self, shown: npt.NDArray[np.float32]) -> "ctranslate2.StorageView":
        """A CPU's cache holds so many frames: one sound after another is quicker there than all at once."""
        frames = ENCODED_AT_ONCE if self._model.device == "cpu" else shown.size
        size = max(1, frames // shown.shape[2])
        pieces = [np.ascontiguousarray(shown[at : at + size]) for at in range(0, len(shown), size)]
        made = [self._model.encode(ctranslate2.StorageView.from_array(piece)) for piece in pieces]
        if len(made) == 1:
            return made[0]
        return ctranslate2.StorageView.from_array(np.concatenate([np.array(part) for part in made]))

    def _languages(
        self, memory: "ctranslate2.StorageView", prompts: Sequence[Tokens], how: Decoding
    ) -> list[tuple[str, float]]:
        """For prompts that leave it open, the likeliest language, and how sure it is; for others nothing."""
        if not any(ANY in prompt for prompt in prompts):
            return [("", 0.0)] * len(prompts)
        found, before = self._model.detect_language(memory), how.languages or [{}] * len(prompts)
        chances = [{whisper.bare(token): chance for token, chance in each} for each in found]
        return [
            whisper.heard(chances[n], before[n]) if ANY in prompt else ("", 0.0) for n, prompt in enumerate(prompts)
        ]

    def _say(
        self, memory: "ctranslate2.StorageView", prompts: Sequence[Tokens], how: Decoding
    ) -> "list[ctranslate2.models.WhisperGenerationResult]":
        begun = how.begun or [[]] * len(prompts)
        return self._model.generate(  # type: ignore[no-any-return]
            memory,
            [[*prompt, *given] for prompt, given in zip(prompts, begun, strict=True)],
            max_length=_bound(how.longest, len(prompts[0])),
            suppress_blank=self._options.suppress_blank,
            return_scores=True,
            return_no_speech_prob=True,
            **_search(how),
        )

    def _silent(
        self,
        memory: "ctranslate2.StorageView",
        prompts: Sequence[Tokens],
        results: "Sequence[ctranslate2.models.WhisperGenerationResult]",
        how: Decoding,
    ) -> list[bool]:
        """For which sounds the end is the likeliest of all first tokens.

        A search divides by the number of tokens, so to CTranslate2 an answer without any is infinitely unlikely. Where
        somebody was heard to speak, and the words are likely, the question is not worth another run of the decoder.
        """
        unsure = [each.no_speech_prob > MAY_BE_SILENT or each.scores[0] < UNLIKELY for each in results]
        if how.beam == 1 or not any(unsure):
            return [False] * len(prompts)
        first = self._say(memory, prompts, Decoding(longest=1))
        return [doubt and not each.sequences[0] for doubt, each in zip(unsure, first, strict=True)]

    def _text(self, result: "ctranslate2.models.WhisperGenerationResult") -> Tokens:
        """Without times and the like, which are all numbered after the end."""
        both = zip(result.sequences_ids[0], result.sequences[0], strict=True)
        return [token for number, token in both if number < self._end]

    def _align(
        self,
        memory: "ctranslate2.StorageView",
        prompts: Sequence[Tokens],
        texts: Sequence[Tokens],
        frames: Sequence[int],
    ) -> list[Alignment]:
        """One call has one beginning and texts of one length: a shorter one would hear its neighbour's end."""
        numbers = [[self._numbers[token] for token in tokens] for tokens in texts]
        alike: dict[tuple[tuple[int, ...], int], list[int]] = defaultdict(list)
        for n, prompt in enumerate(prompts):
            if numbers[n] and frames[n]:
                alike[tuple(self._numbers[token] for token in whisper.task(prompt)), len(numbers[n])].append(n)
        sounds, median = _array(memory), self._options.alignment_median
        found: dict[int, Alignment] = {}
        for (start, _), mine in alike.items():
            heard, wanted = ctranslate2.StorageView.from_array(sounds[mine]), [numbers[n] for n in mine]
            counts = [frames[n] for n in mine]
            results = self._model.align(heard, list(start), wanted, counts, median_filter_width=median)
            found |= zip(mine, map(_alignment, results), strict=True)
        return [found.get(n, Alignment()) for n in range(len(numbers))]


def _array(memory: "ctranslate2.StorageView") -> npt.NDArray[np.float32]:
    """What an encoder made, wherever it lies."""
    return np.array(memory.to_device(ctranslate2.Device.cpu))


def _bound(tokens: int, prompt: int) -> int:
    """CTranslate2 takes half of `max_length`, or what the prompt but for its last token leaves, whichever is less."""
    return min(max(2 * tokens, tokens + prompt - 1), LONGEST)


def _alignment(result: "ctranslate2.models.WhisperAlignmentResult") -> Alignment:
    chances = list(result.text_token_probs)
    if not result.alignments:  # less sound than one position
        return Alignment([0] * (len(chances) + 1), chances)
    rows, places = np.array(result.alignments).T
    firsts = places[np.flatnonzero(np.diff(rows, prepend=-1))]
    return Alignment((STRIDE * firsts).tolist(), chances)


class TextGenerator:
    """Source tokens in, target tokens out; a prompt is a target prefix."""

    def __init__(self, model: ctranslate2.Translator) -> None:
        self._model = model

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source."""
        results = self._model.translate_batch(
            cast(list[list[str]], list(sources)),
            target_prefix=[list(prompt) or None for prompt in prompts],
            max_decoding_length=how.longest,
            return_scores=True,
            **_search(how),
        )
        return [Generated(each.hypotheses[0], each.scores[0]) for each in results]
