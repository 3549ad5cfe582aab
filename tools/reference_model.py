"""A Llama GGUF in transformers, and its tokenizer: the part of reference_logits.py that runs models.

Weights become float32 by gguf-py's dequantisation; PyTorch computes. Nothing of Braid is used.
"""

import gguf
import jinja2.sandbox
import numpy as np
import tokenizers
import torch
import transformers

# ---- the model ----------------------------------------------------------------------------------


def metadata(reader):
    """GGUF's key-value pairs as plain Python values."""
    return {name: field.contents() for name, field in reader.fields.items()}


def undo_permutation(rows, num_heads):
    """GGUF's Llama files order a head's rows for rotation of neighbours (0,1)(2,3)..; transformers
    rotates halves (i, i + head_dim/2). Even rows go to the first half, odd rows to the second."""
    head_dim = rows.shape[0] // num_heads
    pairs = rows.reshape(num_heads, head_dim // 2, 2, rows.shape[1])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


LAYER_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHER_TENSORS = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}


def state_dict(reader, num_heads, num_kv_heads):
    """Every tensor of the file in float32 under transformers' name; none may be left over."""
    weights = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        values = values.reshape([int(extent) for extent in reversed(tensor.shape)])
        stem = tensor.name.removesuffix(".weight")
        if stem in OTHER_TENSORS:
            name = OTHER_TENSORS[stem]
        else:
            _, layer, part = stem.split(".")
            name = f"model.layers.{layer}.{LAYER_TENSORS[part]}"
            if part in ("attn_q", "attn_k"):
                values = undo_permutation(values, num_heads if part == "attn_q" else num_kv_heads)
        weights[name + ".weight"] = torch.from_numpy(np.ascontiguousarray(values))
    weights.setdefault("lm_head.weight", weights["model.embed_tokens.weight"])
    return weights


def load_model(reader, meta):
    """transformers' Llama with the file's weights, float32, on the CPU."""
    if meta["general.architecture"] != "llama":
        raise SystemExit(f"only 'llama' is handled here, not '{meta['general.architecture']}'")
    if any(name.startswith("llama.rope.scaling") for name in meta):
        raise SystemExit("the file scales its rotary frequencies, which is not handled here")
    num_heads = meta["llama.attention.head_count"]
    num_kv_heads = meta["llama.attention.head_count_kv"]
    weights = state_dict(reader, num_heads, num_kv_heads)
    config = transformers.LlamaConfig(
        vocab_size=weights["model.embed_tokens.weight"].shape[0],
        hidden_size=meta["llama.embedding_length"],
        intermediate_size=meta["llama.feed_forward_length"],
        num_hidden_layers=meta["llama.block_count"],
        num_attention_heads=num_heads,
        num_key_value_heads=num_kv_heads,
        max_position_embeddings=meta["llama.context_length"],
        rms_norm_eps=meta["llama.attention.layer_norm_rms_epsilon"],
        rope_theta=meta.get("llama.rope.freq_base", 10000.0),
        tie_word_embeddings=False,
        attn_implementation="eager",
        torch_dtype="float32",
    )
    model = transformers.LlamaForCausalLM(config)
    model.load_state_dict(weights, strict=True)
    return model.float().eval()


def all_logits(model, ids):
    """float64 array [len(ids), vocabulary] of one forward pass over `ids`."""
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].double().numpy()


def greedy(model, ids, max_new_tokens, stop_ids):
    """Greedy continuation of `ids`: per step the chosen id, the runner-up, their gap, max|logit|.
    Ends after `max_new_tokens`, or with the first id of `stop_ids`, which is kept."""
    steps = {"continuation_ids": [], "second_ids": [], "gaps": [], "max_abs": []}
    cache = transformers.DynamicCache()
    pending = ids
    with torch.inference_mode():
        while len(steps["gaps"]) < max_new_tokens:
            out = model(torch.tensor([pending]), past_key_values=cache, use_cache=True)
            logits = out.logits[0, -1].double().numpy()
            best, second = (int(i) for i in np.argsort(-logits, kind="stable")[:2])
            steps["continuation_ids"].append(best)
            steps["second_ids"].append(second)
            steps["gaps"].append(float(logits[best] - logits[second]))
            steps["max_abs"].append(float(np.abs(logits).max()))
            if best in stop_ids:
                break
            pending = [best]
    return steps


# ---- tokens -------------------------------------------------------------------------------------


class ByteLevelTokenizer:
    """The byte-level BPE of SmolLM2, put together from the file's vocabulary and merges: every
    digit alone, then GPT-2's pattern."""

    def __init__(self, meta):
        if meta["tokenizer.ggml.pre"] != "smollm":
            raise SystemExit(f"pre-tokenizer '{meta['tokenizer.ggml.pre']}' is not handled here")
        tokens = meta["tokenizer.ggml.tokens"]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
        self.template = meta["tokenizer.chat_template"]
        control = [t for t, kind in zip(tokens, meta["tokenizer.ggml.token_type"]) if kind == 3]
        self.plain = self._build(vocabulary, merges)
        self.special = self._build(vocabulary, merges)
        self.special.add_special_tokens(control)
        assert self.special.get_vocab_size() == len(tokens)

    @staticmethod
    def _build(vocabulary, merges):
        bpe = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=merges))
        split = tokenizers.pre_tokenizers
        bpe.pre_tokenizer = split.Sequence(
            [split.Digits(individual_digits=True), split.ByteLevel(add_prefix_space=False)]
        )
        bpe.decoder = tokenizers.decoders.ByteLevel()
        return bpe

    def encode(self, text, parse_special=True):
        chosen = self.special if parse_special else self.plain
        return chosen.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self.special.decode(ids, skip_special_tokens=True)

    def render(self, messages):
        """The file's own chat template over `messages`, open for the assistant's answer."""
        sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        return sandbox.from_string(self.template).render(
            messages=messages, add_generation_prompt=True
        )


class ScoredTokenizer:
    """SentencePiece's BPE from tokens and scores, enough for plain prompts: join the neighbours
    with the best score, leftmost first, until none can be joined."""

    def __init__(self, meta):
        self.tokens = meta["tokenizer.ggml.tokens"]
        self.scores = meta["tokenizer.ggml.scores"]
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        self.bos = meta["tokenizer.ggml.bos_token_id"]

    def encode(self, text):
        pieces = list(("\u2581" + text.replace(" ", "\u2581")) if text else "")
        while True:
            joined = [self.ids.get(a + b) for a, b in zip(pieces, pieces[1:])]
            known = [(-self.scores[i], at) for at, i in enumerate(joined) if i is not None]
            if not known:
                return [self.bos] + [self.ids[piece] for piece in pieces]
            at = min(known)[1]
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]

    def decode(self, ids):
        out = b""
        for index in ids:
            token = self.tokens[index]
            is_byte = len(token) == 6 and token.startswith("<0x")
            out += bytes([int(token[3:5], 16)]) if is_byte else token.replace("\u2581", " ").encode()
        return out.decode("utf-8", "replace").removeprefix(" ")
