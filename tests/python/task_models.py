"""Small models and texts in the real files' formats, for tests of the end tasks: random weights, invented glosses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

HIDDEN, HEADS, LAYERS, INNER, POSITIONS = 32, 4, 2, 64, 40

_COLOURS = ("red", "green", "pale", "dark")
_THINGS = ("stone", "river", "tool", "bird", "song")
_DOINGS = ("that rolls down", "which nobody owns", "kept for the winter", "seen from afar")


def write_wordnet(folder: Path) -> Path:
    """80 synsets over the four files, each with an example sentence; every word has four senses."""
    folder.mkdir(parents=True, exist_ok=True)
    glosses = [f"a {c} {t} {d}" for c in _COLOURS for t in _THINGS for d in _DOINGS]
    lines = []
    for number, gloss in enumerate(glosses):
        gloss = f"word {number % 40} word {number % 40}: {gloss}"  # so that even random weights find something
        words = f"02 word_{number % 40} 0 word_{(number + 3) % 40}(p) 0"
        examples = f'"they saw it in the year {number}"; "short one"'
        lines.append(f"{number:08d} 03 n {words} 000 | {gloss}; {examples}  ")
    for place, name in enumerate(("noun", "verb", "adj", "adv")):
        body = "  1 a license line\n" + "\n".join(lines[place * 20 : (place + 1) * 20]) + "\n"
        (folder / f"data.{name}").write_text(body, encoding="utf-8")
    return folder


def bert_arrays(seed: int = 5) -> dict[str, np.ndarray]:
    """Arrays of a small BERT encoder under the published names; large enough weights that every part of it tells."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 0.3) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": 1 + normal(HIDDEN), f"{name}.bias": normal(HIDDEN)}

    def dense(name: str, out: int, into: int) -> dict[str, np.ndarray]:
        return {f"{name}.weight": normal(out, into), f"{name}.bias": normal(out)}

    arrays = {
        "embeddings.word_embeddings.weight": normal(len(_wordpieces()), HIDDEN, scale=1),
        "embeddings.position_embeddings.weight": normal(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": normal(2, HIDDEN),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            arrays |= dense(f"{at}.attention.self.{part}", HIDDEN, HIDDEN)
        arrays |= dense(f"{at}.attention.output.dense", HIDDEN, HIDDEN)
        arrays |= norm(f"{at}.attention.output.LayerNorm")
        arrays |= dense(f"{at}.intermediate.dense", INNER, HIDDEN) | dense(f"{at}.output.dense", HIDDEN, INNER)
        arrays |= norm(f"{at}.output.LayerNorm")
    return arrays


def write_encoder(folder: Path, arrays: dict[str, np.ndarray] | None = None) -> Path:
    """A folder that Encoder reads."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-5,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 30}), encoding="utf-8")
    save_file({"position_ids": np.arange(POSITIONS)[None], **(arrays or bert_arrays())}, folder / "model.safetensors")
    _write_tokenizer(folder / "tokenizer.json")
    return folder


def _wordpieces() -> list[str]:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [str(d) for d in range(10)]
    whole = [*_COLOURS, *_THINGS, "word", "that", "a", *"'-_.,"]
    return list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *whole, *letters, *(f"##{c}" for c in letters)]))


def _write_tokenizer(path: Path) -> None:
    import tokenizers

    words = {word: number for number, word in enumerate(_wordpieces())}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocab=words, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.BertNormalizer()
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])]
    made.post_processor = tokenizers.processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ends)
    made.save(str(path))


LLAMA_LAYERS, LLAMA_HIDDEN, LLAMA_HEADS, KEY_HEADS, LLAMA_INNER, CONTEXT = 2, 24, 6, 2, 40, 64
MERGES = ["t h", "th e", "Ġ the", "i n", "Ġ a", "Ġ Ġ"]


def byte_letters() -> dict[int, str]:
    """GPT-2's letters for bytes: printable ones stand for themselves, the others are numbered from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in printable}
    for place, byte in enumerate(b for b in range(256) if b not in letters):
        letters[byte] = chr(256 + place)
    return letters


def bpe_tokens() -> list[str]:
    return ["<|control|>", *byte_letters().values(), *(merge.replace(" ", "") for merge in MERGES)]


def llama_arrays(seed: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 0.4) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    width = LLAMA_HIDDEN // LLAMA_HEADS
    arrays = {"token_embd.weight": normal(len(bpe_tokens()), LLAMA_HIDDEN, scale=1)}
    for layer in range(LLAMA_LAYERS):
        at = f"blk.{layer}"
        arrays |= {
            f"{at}.attn_norm.weight": 1 + normal(LLAMA_HIDDEN),
            f"{at}.attn_q.weight": normal(LLAMA_HIDDEN, LLAMA_HIDDEN),
            f"{at}.attn_k.weight": normal(KEY_HEADS * width, LLAMA_HIDDEN),
            f"{at}.attn_v.weight": normal(KEY_HEADS * width, LLAMA_HIDDEN),
            f"{at}.attn_output.weight": normal(LLAMA_HIDDEN, LLAMA_HIDDEN),
            f"{at}.ffn_norm.weight": 1 + normal(LLAMA_HIDDEN),
            f"{at}.ffn_gate.weight": normal(LLAMA_INNER, LLAMA_HIDDEN),
            f"{at}.ffn_up.weight": normal(LLAMA_INNER, LLAMA_HIDDEN),
            f"{at}.ffn_down.weight": normal(LLAMA_HIDDEN, LLAMA_INNER),
        }
    return arrays | {"output_norm.weight": 1 + normal(LLAMA_HIDDEN)}


def write_gguf(path: Path, arrays: dict[str, np.ndarray] | None = None, pre: str = "smollm", **facts: Any) -> Path:
    """A file that Decoder reads. facts: keys of GGUFWriter's add_… methods to call instead of the usual values."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    usual = {
        "block_count": LLAMA_LAYERS,
        "context_length": CONTEXT,
        "embedding_length": LLAMA_HIDDEN,
        "head_count": LLAMA_HEADS,
        "head_count_kv": KEY_HEADS,
        "rope_freq_base": 500.0,
        "layer_norm_rms_eps": 1e-3,
        "tokenizer_model": "gpt2",
        "tokenizer_pre": pre,
        "token_list": bpe_tokens(),
        "token_types": [3] + [1] * (len(bpe_tokens()) - 1),
        "token_merges": MERGES,
    }
    for name, value in (usual | facts).items():
        if value is not None:
            getattr(writer, f"add_{name}")(value)
    for name, array in (arrays or llama_arrays()).items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
