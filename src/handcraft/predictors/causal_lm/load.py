"""A causal language model and its tokenizer, from a directory or the hub, checked before any long work.

Safetensors and GGUF only, no code from the model's repository. A directory is read without touching the network.
`HF_TOKEN` is read by the hub's library from the environment and by nobody else.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import constants, try_to_load_from_cache
from huggingface_hub.errors import (
    HFValidationError,
    NotASafetensorsRepoError,
    RemoteEntryNotFoundError,
    SafetensorsParsingError,
)
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.quantizers import AutoHfQuantizer
from transformers.utils import logging as transformers_logging

from handcraft.disk import full_disk
from handcraft.errors import UserError, nearest
from handcraft.hub_errors import caused_by, error_chain, hub_failure
from handcraft.predictors.causal_lm.files import (
    WHERE,
    cached_directory,
    check_directory,
    check_memory,
    count_weights,
    tensor_shape,
)
from handcraft.predictors.causal_lm.gguf import model_directory
from handcraft.predictors.causal_lm.text import Encode

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# fmt: off
ENCODERS = frozenset((
    "bert", "bert-generation", "big_bird", "camembert", "data2vec-text", "electra", "ernie", "megatron-bert",
    "reformer", "rembert", "roberta", "roberta-prelayernorm", "roc_bert", "roformer", "xlm-roberta",
    "xlm-roberta-xl", "xmod",
))
# fmt: on
"""Architectures (`model_type`) that look ahead unless their config says `is_decoder: true`."""


TRIED = ("The cat", " the cat", "\n\nThe", "é sat.")
"""Texts by which it is tried whether a tokenizer takes text after a special token as it takes text elsewhere."""


@dataclass(frozen=True)
class Prefix:
    """What stands before every text: `beginning` are tokens (BOS, and the prefix up to its last special token), `rest`
    is text, which `encode` tokenizes together with what follows it."""

    beginning: tuple[int, ...]
    rest: str
    encode: Encode


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model. `beginning` are the special tokens before all text, `bos` says in words which and why."""

    model: Any
    tokenizer: Any
    beginning: tuple[int, ...]
    bos: str

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Token ids of texts, without special tokens, neither cut off nor padded."""
        if getattr(self.tokenizer, "is_fast", False):
            # Three times as fast as the wrapper, which makes Python objects of offsets and masks.
            backend = self.tokenizer.backend_tokenizer
            backend.no_truncation()
            backend.no_padding()
            # A story that holds the characters "<s>" means those characters.
            backend.encode_special_tokens = True
            found = backend.encode_batch_fast(texts, add_special_tokens=False)
            return [encoding.ids for encoding in found]
        plain = {"add_special_tokens": False, "return_attention_mask": False, "split_special_tokens": True}
        ids: list[list[int]] = self.tokenizer(texts, **plain)["input_ids"]
        return ids

    def encode_parsed(self, text: str) -> list[int]:
        """Token ids of a text of our own, in which the names of special tokens mean these tokens."""
        if getattr(self.tokenizer, "is_fast", False):
            backend = self.tokenizer.backend_tokenizer
            backend.no_truncation()
            backend.encode_special_tokens = False
            found: list[int] = backend.encode(text, add_special_tokens=False).ids
            return found
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def read_prefix(self, prefix: str) -> "Prefix":
        """What the config's `prefix` puts before all text.

        Raises `UserError` where its special tokens cannot be told apart from the text after them.
        """
        special = [str(t) for t in self.tokenizer.added_tokens_decoder.values() if t.special]
        end = max((prefix.rfind(t) + len(t) for t in special if t in prefix), default=0)
        if end == 0:
            return Prefix(self.beginning, prefix, self.encode)
        head = self.encode_parsed(prefix[:end])
        beginning = tuple(head)
        if beginning[: len(self.beginning)] != self.beginning:
            beginning = self.beginning + beginning
        # Some tokenizers put a space before text that stands first, which here does not. A character that merges with
        # no other stands in for what comes before, and its tokens are taken away again.
        for anchor in ("", "\x02", "\n"):
            encode = self._after(anchor)
            ways = [(self.encode_parsed(prefix[:end] + t), head + encode([t])[0]) for t in TRIED]
            if all(parsed == pieced for parsed, pieced in ways):
                return Prefix(beginning, prefix[end:], encode)
        raise UserError(
            f"the tokenizer changes the text that follows a special token of the prefix {prefix!r} "
            "(it takes away spaces or line breaks, or adds some)",
            where=f"{WHERE}: prefix",
            remedy="end the prefix with another special token, or leave its special tokens out",
        )

    def _after(self, anchor: str) -> Encode:
        """`encode` of texts that do not stand first."""
        if not anchor:
            return self.encode
        before = len(self.encode([anchor])[0])
        return lambda texts: [ids[before:] for ids in self.encode([anchor + text for text in texts])]

    def decode(self, ids: list[list[int]]) -> list[str]:
        """Texts of token ids, as they are (no spaces tidied up)."""
        texts: list[str] = self.tokenizer.batch_decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return texts


def load_language_model(
    model: str, revision: str | None, *, dtype: str, device: torch.device, bos: str = "auto"
) -> LanguageModel:
    """Load `model`: a directory or a GGUF file where there is no `revision`, else a name on the hub at that commit.

    `bos` says what stands before all text, as `find_beginning` does.
    Raises `UserError` for a directory or a file that is missing, weights that are not in safetensors, corrupt or
    incomplete, a gated or unknown model, no network, and an architecture that is not a causal LM or looks ahead.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if dtype not in DTYPES:
        raise UserError(
            f"dtype {dtype!r} is unknown", where=f"{WHERE}: dtype", remedy=f"use {', '.join(DTYPES)}"
        )
    name = model
    options: dict[str, Any] = {"trust_remote_code": False}
    directory: Path | None
    if revision is None:
        directory = model_directory(Path(model).expanduser(), dtype)
    else:
        # From the cache as from a directory: by a name, the libraries ask the hub again, also for what it has not.
        directory = cached_directory(model, revision)
    if directory is not None:
        name = str(directory)
        check_directory(directory)
        check_memory(count_weights(directory), DTYPES[dtype].itemsize, device)
        options["local_files_only"] = True
    else:
        options["revision"] = revision
    with explained(model, revision):
        # Small things first: a gated model or a missing tokenizer shows before gigabytes are loaded.
        config = AutoConfig.from_pretrained(name, **options)
        check_causal(config, model)
        check_quantization(config)
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        loaded, report = AutoModelForCausalLM.from_pretrained(
            name, dtype=DTYPES[dtype], use_safetensors=True, output_loading_info=True, **options
        )
    if report["missing_keys"] or report["mismatched_keys"]:
        missing = sorted(str(k) for k in [*report["missing_keys"], *report["mismatched_keys"]])
        raise UserError(
            f"the weights lack {len(missing)} of the model's tensors ({missing[0]}, ...) or have another shape of them",
            where=model,
            remedy="get the weights again; config.json and the safetensors files must be of one model",
        )
    beginning, told = find_beginning(tokenizer, config.get_text_config(), model, bos)
    check_tokenizer(tokenizer, config.get_text_config(), model)
    return LanguageModel(loaded.to(device).eval(), tokenizer, beginning, told)


def check_causal(config: Any, model: str) -> None:
    """Raise `UserError` where the config says that the model's tokens see what comes after them.

    Not every config says so: `probe` tries it on rows.
    """
    found = None
    for one in (config, config.get_text_config()):
        if one.model_type in ENCODERS and not getattr(one, "is_decoder", False):
            found = f"{one.model_type} with is_decoder: false, an encoder"
        elif getattr(one, "is_causal", True) is False:
            found = "is_causal: false"
        elif getattr(one, "use_bidirectional_attention", None) in (True, "all"):
            found = "use_bidirectional_attention"
    if found:
        raise UserError(
            f"the model is not causal ({found}): what stands after a token changes what it predicts there",
            where=f"{WHERE}: model: {model}: config.json",
            remedy="use a model that was trained to predict the next token",
        )


def check_quantization(config: Any) -> None:
    """Raise what loading would raise, where the weights are quantized and this machine cannot read them."""
    settings = getattr(config, "quantization_config", None)
    if settings is not None:
        AutoHfQuantizer.from_config(settings, pre_quantized=True).validate_environment(device_map=None)


def find_beginning(
    tokenizer: Any, config: Any, model: str, choice: str = "auto"
) -> tuple[tuple[int, ...], str]:
    """The special tokens before all text, and in words which and why.

    `choice` is the config's `bos`. `auto`: what the tokenizer puts before text, which may be nothing, whatever the
    config names. `always`: the same, and where that is nothing the BOS that the tokenizer names (GPT-2 names the token
    that separated its training texts), then that of the config, if it is a special token of the tokenizer: a config
    names one by default even where the tokenizer has none. `never`: none. Otherwise a token by its name. Raises
    `UserError` for a token that there is not, or that the model has no place for.
    """
    if choice == "never":
        return (), "nothing (bos: never)"
    if choice not in ("auto", "always"):
        token = _chosen(tokenizer, choice, model)
        return _known((token,), config, model), f"{_token(tokenizer, token)}, by the config"
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    added: list[int] = next((full[:i] for i in range(len(full)) if full[i : i + len(plain)] == plain), [])
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    of_config = config.bos_token_id if config.bos_token_id in special else None
    named = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else of_config
    if added:
        shown = " ".join(_token(tokenizer, i) for i in added)
        other = (
            f" (the config names {_token(tokenizer, of_config)})" if of_config not in (None, added[0]) else ""
        )
        return _known(tuple(added), config, model), f"{shown}, put there by the tokenizer{other}"
    if choice == "auto":
        other = "" if named is None else f" (with bos: always, {_token(tokenizer, named)} would stand there)"
        return (), f"nothing, as the tokenizer has it{other}"
    if named is None:
        raise UserError(
            "neither the tokenizer nor the config of the model names a BOS token",
            where=f"{WHERE}: bos: always (model: {model})",
            remedy="use bos: auto, or give a token of the tokenizer",
        )
    return _known((named,), config, model), f"{_token(tokenizer, named)}, its BOS (bos: always)"


def _chosen(tokenizer: Any, token: str, model: str) -> int:
    found: int | None = tokenizer.get_vocab().get(token)
    if found is None:
        special = [str(t) for t in tokenizer.added_tokens_decoder.values() if t.special]
        raise UserError(
            f"the model's tokenizer has no token {token!r}" + nearest(token, special),
            where=f"{WHERE}: bos (model: {model})",
            remedy=f"use auto, always, never, or one of its tokens; special ones are {', '.join(special[:8])}",
        )
    return found


def check_tokenizer(tokenizer: Any, config: Any, model: str) -> None:
    """Raise `UserError` where ordinary text can become a token that the model has no embedding for."""
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    largest = max((i for i in tokenizer.get_vocab().values() if i not in special), default=0)
    _known((largest,), config, model)


def check_embedding(path: Path, config: Any, model: str) -> None:
    """Raise `UserError` where the weights in `path` have another number of tokens than the config.

    Only headers are read. Nothing is said where the weights have another name for the embedding than transformers.
    """
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config)
    embedding = getattr(empty.get_input_embeddings(), "weight", None)
    name = next((n for n, p in empty.named_parameters() if p is embedding), None)
    shape = tensor_shape(path, name) if name else None
    if embedding is not None and shape is not None and shape[0] != len(embedding):
        raise UserError(
            f"the model's weights have {shape[0]:,} tokens, and vocab_size in its config.json is {len(embedding):,}",
            where=f"{WHERE}: model: {model}",
            remedy="get the model again; config.json and the safetensors files must be of one model",
        )


def _known(tokens: tuple[int, ...], config: Any, model: str) -> tuple[int, ...]:
    size = getattr(config, "vocab_size", None)
    if size is not None and tokens and max(tokens) >= size:
        raise UserError(
            f"the tokenizer gives token {max(tokens)}, and the model knows the tokens 0 to {size - 1}",
            where=f"{WHERE}: model: {model}",
            remedy="put the model's own tokenizer beside it (tokenizer.json and tokenizer_config.json)",
        )
    return tokens


def _token(tokenizer: Any, i: int) -> str:
    return f"{tokenizer.convert_ids_to_tokens(i)!r} (token {i})"


@contextmanager
def explained(model: str, revision: str | None) -> Iterator[None]:
    """Errors of the libraries about `model` as errors for the person who can fix them."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        full = full_disk(error, [Path(constants.HF_HUB_CACHE)]) if revision is not None else None
        if full is not None:
            raise full from error
        what, remedy = _explanation(error, model, revision)
        raise UserError(what, where=f"{WHERE}: model: {model}", remedy=remedy) from error


def _explanation(error: Exception, model: str, revision: str | None) -> tuple[str, str]:
    first = " ".join(str(error).split())[:300]
    # First: what is no JSON is a file of the model, or else an answer that is not the hub's.
    if broken := _broken_json(error, model, revision):
        again = f"hf download {model} --revision {revision} --force-download" if revision else "copy it"
        return f"{broken} (is it cut short?)", f"get this file again ({again})"
    told = hub_failure(
        error, noun="model", name=model, revision=revision, instead="give a local directory as model"
    )
    if revision is not None and told:
        return told
    if caused_by(error, NotASafetensorsRepoError):
        return "the model has no weights in safetensors on the hub", (
            "use a revision that has them, or save them (model.save_pretrained(directory)) and give that directory"
        )
    if caused_by(error, RemoteEntryNotFoundError):
        return f"a file of the model is not on the hub ({first})", "use a model that transformers can load"
    if caused_by(error, SafetensorError, SafetensorsParsingError):
        return f"a safetensors file of the model is corrupt ({first})", "get the weights again"
    if caused_by(error, MemoryError, torch.OutOfMemoryError):
        return (
            "the model does not fit into memory",
            "use dtype: bfloat16, a smaller model, or a larger machine",
        )
    if caused_by(error, ImportError):
        return (
            f"the model needs a package that is not installed ({first})",
            "install it, or use another model",
        )
    if "tokenizer" in first.lower():
        return f"the model's tokenizer cannot be loaded ({first})", "get its tokenizer.json"
    return f"the model cannot be loaded as a causal language model ({type(error).__name__}: {first})", (
        "get the model again, or use one that transformers knows as a causal LM"
    )


def _broken_json(error: Exception, model: str, revision: str | None) -> str:
    """Which JSON files of the model cannot be parsed, if `error` is about JSON: it does not name them."""
    json_error = any(isinstance(e, ValueError) or "JSON" in str(e) for e in error_chain(error))
    if not json_error or caused_by(error, HFValidationError):  # a ValueError about the model's name
        return ""
    directory = Path(model).expanduser()
    if revision is not None:
        cached = try_to_load_from_cache(model, "config.json", revision=revision)
        directory = Path(cached).parent if isinstance(cached, str) else directory
    found = []
    for file in sorted(directory.glob("*.json")):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError as problem:  # UnicodeDecodeError too
            # Without this file a model loads.
            if file.name != "generation_config.json":
                found.append(f"{file.name} is not valid JSON: {problem}")
    return "; ".join(found)
