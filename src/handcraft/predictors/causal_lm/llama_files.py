"""A model trained here, saved so that `AutoModelForCausalLM` and `AutoTokenizer` load it like any other."""

import os
import shutil
from pathlib import Path
from typing import Any

from handcraft.tokenizer.tokens import END, load_tokenizer


def save_llama(model: Any, tokenizer: Path, *, output: Path) -> None:
    """Write config, weights (safetensors) and our tokenizer, which puts BOS before text, to the directory `output`.

    The directory appears whole or not at all; the same model gives the same bytes.
    """
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    inner = load_tokenizer(tokenizer)
    bos = inner.token_to_id(END)
    inner.post_processor = TemplateProcessing(single=f"{END} $A", special_tokens=[(END, bos)])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token=END,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=model.config.max_position_embeddings,
    )
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        model.save_pretrained(partial)
        wrapped.save_pretrained(partial)
        shutil.rmtree(output, ignore_errors=True)
        partial.replace(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
