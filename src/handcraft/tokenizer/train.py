"""Byte-level BPE, trained on the stories of the training split."""

from pathlib import Path
from typing import TYPE_CHECKING

from handcraft.errors import UserError
from handcraft.files import whole_file
from handcraft.logging import progress

if TYPE_CHECKING:
    pass
from handcraft.tokenizer.stories import bound_threads, story_texts
from handcraft.tokenizer.tokens import END


def train_tokenizer(corpus: Path, *, vocabulary: int, threads: int = 2, output: Path) -> None:
    """Train the BPE on a split's Parquet file and write `tokenizer.json`; the same bytes for the same corpus.

    corpus: Parquet with a column `text`, read as a stream; memory goes with the number of distinct words.
    vocabulary: tokens in all (`<|endoftext|>`, 256 bytes, merges); at most 65,536, so that ids fit in uint16.
    Raises `UserError` where the corpus has too few repeated pairs for that many tokens.
    """
    bound_threads(threads)
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    if not 257 <= vocabulary <= 65536:
        raise UserError(
            f"a byte-level vocabulary has 257 to 65,536 tokens, not {vocabulary}",
            where="config: tokenizer.vocabulary",
            remedy="choose a size in that range (the blog post uses 1024)",
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,  # a pair seen once is no regularity
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = progress(story_texts(corpus), "training the tokenizer", unit="stories")
    tokenizer.train_from_iterator(texts, trainer)
    size = tokenizer.get_vocab_size()
    if size != vocabulary:
        raise UserError(
            f"the corpus is too small for {vocabulary} tokens: only {size} could be made of it",
            where=f"{corpus}; config: tokenizer.vocabulary",
            remedy=f"give more text, or set tokenizer.vocabulary to {size} or less",
        )
    with whole_file(output) as partial:
        tokenizer.save(str(partial), pretty=True)
