"""A language model small enough to be made for a test: real architecture, random weights, no sense at all."""

import json
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

CONTEXT = 2048  # tokens
END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_SPECIAL = [END_OF_TEXT, START, END]
_VOCABULARY, _HIDDEN, _FEED_FORWARD, _LAYERS, _HEADS, _KEY_HEADS = 2000, 64, 128, 2, 4, 2
_CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + (message['content'] or '') + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_tiny_model(path: Path) -> None:
    """Write a two-layer Llama as GGUF, the same for the same Python: seed 0, and a vocabulary from Python's help."""
    writer = GGUFWriter(path, "llama")
    _describe(writer)
    _add_vocabulary(writer)
    _add_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: GGUFWriter) -> None:
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_HIDDEN)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HIDDEN // _HEADS)
    writer.add_vocab_size(_VOCABULARY)
    writer.add_file_type(0)
    writer.add_chat_template(_CHATML)


def _add_vocabulary(writer: GGUFWriter) -> None:
    tokens, merges = _trained()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges(merges)
    writer.add_token_types([TokenType.CONTROL if token in _SPECIAL else TokenType.NORMAL for token in tokens])
    writer.add_bos_token_id(tokens.index(END_OF_TEXT))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)


def _trained() -> tuple[list[str], list[str]]:
    """Return the tokens and merges of a byte-level BPE."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(topics.values(), trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(trained["vocab"], key=trained["vocab"].get)
    assert len(tokens) == _VOCABULARY
    return tokens, [pair if isinstance(pair, str) else " ".join(pair) for pair in trained["merges"]]


def _add_weights(writer: GGUFWriter) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(f"{name}.weight", random.normal(0, 0.5, shape).astype(np.float32))

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(_HIDDEN, dtype=np.float32))

    add("token_embd", _VOCABULARY, _HIDDEN)
    add_norm("output_norm")
    add("output", _VOCABULARY, _HIDDEN)
    key_size = _KEY_HEADS * _HIDDEN // _HEADS
    for block in (f"blk.{layer}" for layer in range(_LAYERS)):
        add_norm(f"{block}.attn_norm")
        add(f"{block}.attn_q", _HIDDEN, _HIDDEN)
        add(f"{block}.attn_k", key_size, _HIDDEN)
        add(f"{block}.attn_v", key_size, _HIDDEN)
        add(f"{block}.attn_output", _HIDDEN, _HIDDEN)
        add_norm(f"{block}.ffn_norm")
        add(f"{block}.ffn_gate", _FEED_FORWARD, _HIDDEN)
        add(f"{block}.ffn_up", _FEED_FORWARD, _HIDDEN)
        add(f"{block}.ffn_down", _HIDDEN, _FEED_FORWARD)
