"""Tiny random models of many architectures, made from their configs alone, and the questions put to them.

`ZOO`: name to model type and settings. `REFUSED`: the same of models that must be refused, with a part of the reason.
"""

from typing import Any

import numpy as np

from handcraft.predictors.causal_lm.text import Question

VOCABULARY = 120
SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embedding_size", "dim", "emb_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_decoder_layers",), 2),
    **dict.fromkeys(("encoder_layers", "num_encoder_layers", "n_group", "topk_group"), 1),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "num_decoder_attention_heads"), 4),
    **dict.fromkeys(("num_encoder_attention_heads",), 4),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim", "n_inner"), 64),
    **dict.fromkeys(("ffn_hidden_size", "d_ff"), 64),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 256),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 32),
    **dict.fromkeys(("initializer_range", "init_std"), 0.3),
    **dict.fromkeys(("state_size", "mamba_d_state", "head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "mamba_d_head"), 16),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim", "mamba_n_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_experts_per_tok", "mamba_expand"), 2),
    **dict.fromkeys(("bos_token_id", "eos_token_id"), 0),
    "vocab_size": VOCABULARY,
    "pad_token_id": 1,
}
LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10000.0,
    "short_factor": [1.0, 1.0, 1.0, 1.0],
    "long_factor": [1.0, 2.0, 4.0, 8.0],
    "original_max_position_embeddings": 64,
}

# Taken as their configs are, but for the sizes.
# fmt: off
USUAL = (
    "afmoe", "apertus", "arcee", "aria_text", "bamba", "bart", "beam", "biogpt", "bitnet", "blenderbot",
    "bloom", "cohere", "cohere2", "cohere2_moe", "ctrl", "cwm", "deepseek_v2", "diffllama", "doge", "ernie4_5",
    "ernie4_5_moe", "exaone4", "exaone_moe", "falcon_mamba", "flex_olmo", "gemma", "gemma2", "gemma3_text",
    "glm", "glm4", "glm4_moe", "gpt2", "gpt_bigcode", "gpt_neox", "gpt_neox_japanese", "gpt_oss", "granite",
    "granitemoe", "granitemoeshared", "helium", "hunyuan_v1_dense", "hunyuan_v1_moe", "internlm3", "jais2",
    "jamba", "jetmoe", "lfm2", "llama", "llama4_text", "mamba", "marian", "mbart", "minicpm3", "minimax",
    "minimax_m2", "ministral", "ministral3", "mistral", "mixtral", "modernbert-decoder", "mpt", "mvp",
    "nanochat", "nemotron", "olmo", "olmo2", "olmo3", "olmo_hybrid", "olmoe", "openai-gpt", "opt", "pegasus",
    "persimmon", "phi", "phi3", "phimoe", "plbart", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next",
    "recurrent_gemma", "rwkv", "seed_oss", "smollm3", "solar_open", "stablelm", "starcoder2", "trocr",
    "vaultgemma", "whisper", "xglm",
)
# fmt: on

ZOO: dict[str, tuple[str, dict[str, Any]]] = {
    **{kind: (kind, {}) for kind in USUAL},
    "mistral, window 64": ("mistral", {"sliding_window": 64}),
    "mixtral, window 48": ("mixtral", {"sliding_window": 48}),
    "starcoder2, window 40": ("starcoder2", {"sliding_window": 40}),
    "phi3, window 50": ("phi3", {"sliding_window": 50}),
    "phi3, LongRoPE": ("phi3", {"rope_parameters": LONGROPE, "original_max_position_embeddings": 64}),
    "phi3, LongRoPE, lengths on one side": (
        "phi3",
        {"rope_parameters": LONGROPE, "original_max_position_embeddings": 20},
    ),
    "qwen2, window in some layers": (
        "qwen2",
        {"use_sliding_window": True, "sliding_window": 40, "max_window_layers": 1},
    ),
    "qwen2, a window that is not used": ("qwen2", {"use_sliding_window": False, "sliding_window": 40}),
    "gemma2, window 32": ("gemma2", {"sliding_window": 32}),
    "gemma3, window 64": ("gemma3_text", {"sliding_window": 64, "num_hidden_layers": 7}),
    "gpt_oss, window 32": ("gpt_oss", {"sliding_window": 32}),
    "cohere2, window 32": ("cohere2", {"sliding_window": 32, "num_hidden_layers": 5}),
    "exaone4, window 32": ("exaone4", {"sliding_window": 32, "num_hidden_layers": 5}),
    "olmo3, window 32": ("olmo3", {"sliding_window": 32, "num_hidden_layers": 5}),
    "modernbert-decoder, window 32": ("modernbert-decoder", {"local_attention": 32, "num_hidden_layers": 4}),
    "llama4, chunks of 32": ("llama4_text", {"attention_chunk_size": 32, "num_hidden_layers": 5}),
    "recurrent_gemma, window 32": ("recurrent_gemma", {"attention_window_size": 32, "num_hidden_layers": 3}),
    "gpt_neo, window 48": (
        "gpt_neo",
        {"attention_types": [[["global", "local"], 1]], "num_layers": 2, "window_size": 48},
    ),
    "llama, dynamic RoPE": (
        "llama",
        {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}},
    ),
    "llama, linear RoPE": (
        "llama",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}},
    ),
    "llama, YaRN": (
        "llama",
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 1e4,
                "factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
    ),
    "llama, three groups of RoPE": (
        "llama",
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 1e4,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
    ),
    "gptj": ("gptj", {"rotary_dim": 4}),
    "codegen": ("codegen", {"rotary_dim": 4}),
    "falcon": ("falcon", {"head_dim": None}),
    "falcon, ALiBi": ("falcon", {"head_dim": None, "alibi": True}),
    "mamba2": ("mamba2", {"num_heads": 8, "head_dim": 8, "expand": 2, "n_groups": 2}),
    "deepseek_v3": (
        "deepseek_v3",
        {"first_k_dense_replace": 1, "head_dim": 4, "num_key_value_heads": 4, "num_experts_per_tok": 2},
    ),
    "bert, a decoder": ("bert", {"is_decoder": True}),
    "roberta, a decoder": ("roberta", {"is_decoder": True, "max_position_embeddings": 400}),
    "electra, a decoder": ("electra", {"is_decoder": True}),
    "roformer, a decoder": ("roformer", {"is_decoder": True}),
    "rembert, a decoder": ("rembert", {"is_decoder": True, "initializer_range": 0.06}),
    "prophetnet": ("prophetnet", {"num_hidden_layers": None}),
    "reformer, local attention": (
        "reformer",
        {
            "is_decoder": True,
            "attn_layers": ["local", "local"],
            "local_attn_chunk_length": 16,
            "axial_pos_embds": False,
            "attention_head_size": 8,
            "feed_forward_size": 64,
        },
    ),
}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        k: (k, {})
        for k in ("bert", "roberta", "electra", "roformer", "rembert", "xlm-roberta", "camembert", "xlm")
    },
    "bert-generation": ("bert-generation", {}),
    "megatron-bert": ("megatron-bert", {}),
    "llama, is_causal false": ("llama", {"is_causal": False}),
    "gemma3, bidirectional": ("gemma3_text", {"use_bidirectional_attention": True}),
    "reformer, hashes": (
        "reformer",
        {
            "is_decoder": True,
            "attn_layers": ["lsh", "local"],
            "lsh_attn_chunk_length": 16,
            "local_attn_chunk_length": 16,
            "axial_pos_embds": False,
            "attention_head_size": 8,
            "feed_forward_size": 64,
        },
    ),
}


def tiny_model(kind: str, **more: Any) -> Any:
    """A random model of the kind, float32, in evaluation mode."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    usual = AutoConfig.for_model(kind, **more_needed(kind))
    shape = {name: value for name, value in SMALL.items() if hasattr(usual, name)}
    settings = {
        name: value for name, value in (shape | more_needed(kind) | more).items() if value is not None
    }
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings)).float().eval()
    # Layers at their beginning add hardly anything in some architectures; here all of them must count.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1 and float(parameter.std()) < 0.05:
                parameter.normal_(0, 0.3)
    return model


def more_needed(kind: str) -> dict[str, Any]:
    if kind == "gpt_neo":
        return {"attention_types": [[["global", "local"], 1]], "num_layers": 2}
    return {"is_decoder": True} if kind == "reformer" else {}


def story_questions(
    lengths: tuple[int, ...] = (34, 40, 57, 62, 63, 64, 66, 90, 128, 131, 180),
) -> list[Question]:
    """Nested beginnings of one story, each with candidates of one to four tokens."""
    story = np.random.default_rng(5).integers(2, VOCABULARY, 200).tolist()
    endings = ((7,), (9,), (11, 12), (11, 13, 14), (15, 16, 17, 18))
    return [Question(tuple(story[:n]), endings) for n in lengths]
