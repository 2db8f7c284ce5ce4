"""Log-probabilities of the endings of many questions under a causal language model, with few forward passes.

One row a question, or even for several (`rows`), where the model takes that (`probe`); the output
matrix is applied only to the hidden states that are read. Results do not depend on the batch size beyond 1e-5: a row is
only ever computed beside rows of its own padded length, which depends on its own length alone, and in float32 the
output matrix is multiplied in float64.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from handcraft.errors import UserError
from handcraft.logging import progress, say
from handcraft.predictors.causal_lm.head import Head, find_head, model_length, whole_head
from handcraft.predictors.causal_lm.probe import choose_way, row_holds
from handcraft.predictors.causal_lm.rows import END, Plan, Way, batches, plan_rows, row_inputs
from handcraft.predictors.causal_lm.text import Question

LOGITS = 1 << 25  # logits held at a time: 128 MB in float32


class Scorer:
    """Asks one model. `batch_tokens` bounds the tokens of a forward pass.

    `workers` batches are computed side by side, each on one thread (on the CPU; results do not depend on it).
    `continues` (bool [vocabulary]) says of each of the model's tokens whether it continues a word before it.
    """

    def __init__(
        self, model: Any, *, batch_tokens: int, workers: int = 1, continues: np.ndarray | None = None
    ) -> None:
        self.model, self.batch_tokens = model, batch_tokens
        self.workers = workers if model.device.type == "cpu" else 1
        self.head: Head | None = None
        self.way = Way.ROWS
        self.lengths_matter = False
        self.plain = False
        """Whether all is asked one by one."""
        # Lengths of the sequences for which `way` was chosen, and of the longest branching row that was tried.
        self._shortest, self._longest, self._branched = 0, 0, 0
        self.continues = None if continues is None else torch.from_numpy(continues).to(model.device)

    @property
    def trees(self) -> bool:
        """Whether rows branch."""
        return self.way is Way.TREES

    def prepare(self, questions: Sequence[Question]) -> None:
        """Find out how the model may be asked these questions, from which those of later calls are taken.

        Raises `UserError` where the model is not causal, where a row is longer than it can take, and where a token has
        no place in its vocabulary.
        """
        if not questions:
            return
        _check_length(self.model, questions)
        check_vocabulary(self.model, questions)
        self._shortest, self._longest = _extent(questions)
        try:
            if self.head is None:
                first = [*questions[0].shared, *questions[0].endings[0]]
                self.head = self._aside(find_head, self.model, first)
            self.way = self._aside(choose_way, self.head, questions)
        except (RuntimeError, ValueError, TypeError, LookupError, AssertionError) as error:
            if _out_of_memory(error):
                raise
            raise UserError(
                f"the model cannot compute a row of {self._longest} tokens in {self.model.dtype} "
                f"({type(error).__name__}: {' '.join(str(error).split())[:200]})",
                where="predictors.causal_lms: model, dtype",
                remedy="use dtype: float32, a shorter long_context, or another model",
            ) from error
        self.lengths_matter = self.way is Way.LENGTHS
        if self.plain:
            self.way = Way.SINGLE

    def __call__(
        self, questions: Sequence[Question], *, word_ends: bool = False, description: str = "causal LM"
    ) -> np.ndarray:
        """Summed log-probability of each ending after its `shared`: float64 [n, candidates].

        With `word_ends` that of the word ending there, given the ending: that the next token starts no continuation of
        it. Raises `UserError` where the model gives no finite number, and as `prepare` does.
        """
        if not questions:
            return np.zeros((0, 0))
        shortest, longest = _extent(questions)
        if self.head is None or shortest < self._shortest or longest > self._longest:
            self.prepare(questions)
        assert self.head is not None
        plan = plan_rows(questions, word_ends, self.way)
        if self.trees:
            longest_row = max((row for row in plan.rows if row.branches), key=len, default=None)
            if longest_row is not None and len(longest_row) > self._branched:
                if self._aside(row_holds, self.head, longest_row):
                    self._branched = len(longest_row)
                else:
                    self.way = Way.ROWS
                    plan = plan_rows(questions, word_ends, self.way)
        head = whole_head(self.model) if self.way is Way.SINGLE else self.head
        return self._score(head, plan, questions, description)

    def plainly(self, questions: Sequence[Question], *, word_ends: bool = False) -> np.ndarray:
        """The same by the definition itself: one sequence at a time, the model's whole logits, nothing shared."""
        if not questions:
            return np.zeros((0, 0))
        plan = plan_rows(questions, word_ends, Way.SINGLE)
        return self._score(whole_head(self.model), plan, questions, "one by one")

    @staticmethod
    def _pool(workers: int) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))

    def _aside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's result, computed as batches are: where there are workers, on one thread of its own.

        Short rows on several threads are slow where other jobs take turns with them.
        """
        if self.workers == 1:
            return function(*arguments)
        with self._pool(1) as pool:
            return pool.submit(function, *arguments).result()

    def _score(self, head: Head, plan: Plan, questions: Sequence[Question], description: str) -> np.ndarray:
        scores = np.zeros(len(questions) * len(questions[0].endings))
        bounds = np.searchsorted(plan.row, np.arange(len(plan.rows) + 1))
        parts = list(batches(plan.rows, 1 if plan.way is Way.SINGLE else self.batch_tokens, plan.exact))
        # A model that changes with a row's length keeps in itself for which one it stands.
        workers = 1 if self.lengths_matter else self.workers

        def compute(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            reads = np.concatenate([np.arange(bounds[r], bounds[r + 1]) for r in part])
            inside = np.repeat(np.arange(len(part)), bounds[part + 1] - bounds[part])
            with torch.inference_mode():
                return reads, self._halving(plan, part, reads, inside, head)

        with self._pool(workers) as pool:
            # One worker of one leaves the threads to the kernels.
            done = pool.map(compute, parts) if self.workers > 1 else map(compute, parts)
            for reads, values in progress(done, description, total=len(parts), unit="batches"):
                np.add.at(scores, plan.score[reads], values)
        if not np.isfinite(scores).all():
            raise UserError(
                f"the model gives no finite log-probability for {np.count_nonzero(~np.isfinite(scores)):,} scores",
                where="predictors.causal_lms: dtype",
                remedy="use dtype: float32 (or bfloat16); float16 overflows in many models",
            )
        return scores.reshape(len(questions), -1)

    def _halving(
        self, plan: Plan, part: np.ndarray, reads: np.ndarray, inside: np.ndarray, head: Head
    ) -> np.ndarray:
        """`_read`; where the device's memory does not do, the two halves of the batch one after the other."""
        try:
            return self._read(plan, part, reads, inside, head)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            if len(part) == 1:
                raise UserError(
                    f"not enough device memory for a single row of {len(plan.rows[part[0]])} tokens",
                    where="predictors.causal_lms",
                    remedy="use a smaller model, a smaller dtype (bfloat16), or a device with more memory",
                ) from None
        # Outside of the except block, whose traceback would hold the failed batch's tensors.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        half = len(part) // 2
        say(f"out of memory with {len(part)} rows: going on with {half}")
        first = inside < half
        return np.concatenate(
            [
                self._halving(plan, part[:half], reads[first], inside[first], head),
                self._halving(plan, part[half:], reads[~first], inside[~first] - half, head),
            ]
        )

    def _read(
        self, plan: Plan, part: np.ndarray, reads: np.ndarray, inside: np.ndarray, head: Head
    ) -> np.ndarray:
        """Log-probabilities (float64) of `reads`, which lie on the rows `part`; `inside` is the row in the batch."""
        ids, depths, sight = row_inputs([plan.rows[r] for r in part], plan.exact)
        width = ids.shape[1]
        # Several candidates' first tokens are read at the same place: its logits are computed once.
        places, place = np.unique(inside * width + plan.position[reads], return_inverse=True)
        device = self.model.device
        at = torch.from_numpy(places).to(device)
        states = head.states(ids, depths, sight)[at]
        tokens = plan.token[reads]
        values = np.zeros(len(reads))
        step = max(1, LOGITS // head.vocabulary)
        for start in range(0, len(places), step):
            logits = head.logits(states[start : start + step])
            normal = torch.logsumexp(logits, -1)
            here = np.flatnonzero((place >= start) & (place < start + step))
            local = torch.from_numpy(place[here] - start).to(device)
            if tokens[here[0]] == END:
                assert self.continues is not None
                ended = torch.logsumexp(logits.masked_fill(self.continues, -torch.inf), -1)
                found = ended[local] - normal[local]
            else:
                wanted = logits[local, torch.from_numpy(tokens[here]).to(device)]
                found = wanted - normal[local]
            values[here] = found.double().cpu().numpy()
        return values


def _extent(questions: Sequence[Question]) -> tuple[int, int]:
    """Tokens of the shortest and of the longest sequence, endings included."""
    lengths = [len(q.shared) + len(ending) for q in questions for ending in q.endings]
    return min(lengths), max(lengths)


def check_vocabulary(model: Any, questions: Sequence[Question]) -> None:
    """Raise `UserError` where the tokenizer gives a token that the model has no embedding for."""
    known = model.get_input_embeddings().weight.shape[0]
    largest = max(max(*q.shared, *(t for ending in q.endings for t in ending)) for q in questions)
    if largest >= known:
        raise UserError(
            f"the tokenizer gives token {largest}, and the model knows the tokens 0 to {known - 1}",
            where="predictors.causal_lms: model",
            remedy="put the model's own tokenizer beside it (tokenizer.json and tokenizer_config.json)",
        )


def _check_length(model: Any, questions: Sequence[Question]) -> None:
    limit = model_length(model)
    longest = _extent(questions)[1]
    if limit is not None and longest > limit:
        raise UserError(
            f"prefix, context and candidate take up to {longest} of the model's tokens, and it takes {limit}",
            where="predictors.causal_lms",
            remedy="shorten the prefix or contexts.length, or use a model with a longer context",
        )


def _out_of_memory(error: Exception) -> bool:
    """Also on the CPU, where torch raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
