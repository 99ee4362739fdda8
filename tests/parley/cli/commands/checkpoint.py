"""`python checkpoint.py KIND FOLDER`: a tiny model that has learnt nothing, as Hugging Face's transformers saves it.

Runs in an environment of its own, which has torch and transformers and need not have us.
"""

import json
import sys
from pathlib import Path
from typing import Any

WORDS = ["hyvä", "yö", "talo", "on", "pieni", "iso", "kissa", "koira", "juna", "lähtee", "kello", "kahdeksan"]
SPECIALS = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|fi|>",
    "<|et|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
]
SPECIALS += ["<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>", "<|0.00|>"]
WIDE: dict[str, Any] = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
WIDE |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "init_std": 0.3}


def pieces(folder: Path, name: str) -> list[str]:
    """A SentencePiece model; its pieces."""
    import io

    import sentencepiece

    made = io.BytesIO()
    text = iter([" ".join(WORDS[n:] + WORDS[:n]) for n in range(len(WORDS))] * 5)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=text, model_writer=made, vocab_size=40, hard_vocab_limit=False
    )
    (folder / name).write_bytes(made.getvalue())
    read = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
    return [read.id_to_piece(n) for n in range(read.get_piece_size())]


def marian(folder: Path) -> None:
    """Finnish into Estonian."""
    from transformers import MarianConfig, MarianMTModel

    known = [each for each in pieces(folder, "source.spm") if each not in ("<s>", "</s>", "<unk>")]
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    vocabulary = ["</s>", "<unk>", *known, "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({each: n for n, each in enumerate(vocabulary)}))
    told = {"tokenizer_class": "MarianTokenizer", "source_lang": "fi", "target_lang": "et"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    size = len(vocabulary)
    ends = {"eos_token_id": 0, "pad_token_id": size - 1, "decoder_start_token_id": size - 1, "bos_token_id": None}
    MarianMTModel(MarianConfig(vocab_size=size, scale_embedding=True, **WIDE, **ends)).save_pretrained(folder)


def whisper(folder: Path) -> None:
    """One that knows Finnish."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

    letters = sorted({letter for word in WORDS for letter in word})
    made = Tokenizer(BPE(vocab={each: n for n, each in enumerate(["Ġ", *letters])}, merges=[]))
    made.add_special_tokens([AddedToken(each, special=True) for each in SPECIALS])
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token=SPECIALS[0]).save_pretrained(folder)
    told = json.loads((folder / "tokenizer_config.json").read_text()) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    (folder / "preprocessor_config.json").write_text('{"feature_size": 80}')
    size, end = made.get_vocab_size(), made.token_to_id(SPECIALS[0]) or 0
    ends = {"eos_token_id": end, "pad_token_id": end, "bos_token_id": end, "decoder_start_token_id": end + 1}
    model = WhisperForConditionalGeneration(WhisperConfig(vocab_size=size, **WIDE, **ends))
    model.config.begin_suppress_tokens = model.generation_config.begin_suppress_tokens = [end]
    model.config.suppress_tokens = model.generation_config.suppress_tokens = []
    model.generation_config.lang_to_id = {each: made.token_to_id(each) for each in ("<|fi|>", "<|et|>")}
    model.generation_config.no_timestamps_token_id = made.token_to_id("<|notimestamps|>")
    model.save_pretrained(folder)


if __name__ == "__main__":
    import torch

    torch.manual_seed(1)
    where = Path(sys.argv[2])
    where.mkdir(parents=True, exist_ok=True)
    {"marian": marian, "whisper": whisper}[sys.argv[1]](where)
