"""Pairs of tokens that say together what neither says alone, found on top of a linear model.

A pair is a token at one position and another at a second one. What it adds beyond both tokens' own votes is looked for
by the efficient score test: how far the residuals of the contexts that have both exceed what the residuals of those
that have either would lead one to expect. So a vote that the penalty only shrank is no pair.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from handcraft.config.model import Pairs
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.evaluation.comparisons import false_discoveries
from handcraft.files import read_tensors, write_csv, write_tensors
from handcraft.logging import say
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.tokenizer.tokens import Vocabulary

COLUMNS = (
    "step", "position", "token", "other_position", "other_token", "seen", "held_out", "candidate", "value", "z", "p",
    "q", "confirmed", "examples",
)  # fmt: skip
ROUND = 5
"""Pairs that are taken up between two searches, at most; no two of one round share a token in its place."""
SPREAD = 1.0
"""Nats: the prior standard deviation of a weight, which is the ridge of the fits."""
OVERLAP = 0.02
"""A pair must differ from its tokens: the least share of its information that neither token's vote explains."""
EXAMPLES, SHOWN = 3, 8
"""Contexts that are kept of each pair, and tokens of them, at least."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
"""Numbers of pairs on the curve, besides none and all."""


@dataclass(frozen=True)
class Inputs:
    """What `find_pairs` reads: contexts of three splits, and the weights of the linear model."""

    train: Path
    validation: Path
    test: Path
    linear: Path
    tokenizer: Path


@dataclass(frozen=True)
class Pair:
    """Token `token` at `position` with `other_token` at `other_position`, counted from the oldest, 0."""

    position: int
    token: int
    other_position: int
    other_token: int

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.position, self.token), (self.other_position, self.other_token)

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """Which contexts [n, length] have it: bool [n]."""
        return np.asarray(
            (tokens[:, self.position] == self.token) & (tokens[:, self.other_position] == self.other_token)
        )


def find_pairs(
    inputs: Inputs, *, settings: Pairs, seed: int, machine: Machine, table: Path, curve: Path
) -> None:
    """Find pairs greedily on the training contexts, and test each on the validation contexts.

    The linear logits of a training context are those of a fit without its story (`settings.folds` parts), as for the
    non-linear predictor. Every search looks at all pairs with `settings.support` training contexts at least, and takes
    up the best `ROUND`; then all pairs so far and their tokens' own votes are fitted together. It ends at
    `settings.count` pairs, or where no pair is better than the best of so many tried would be by chance.

    `table`, a row a pair, best first: positions (-1 is the last token) and tokens (as the report shows them), `seen`
    and `held_out` (training and validation contexts with it), `candidate` and `value` (the word that it pushes most,
    and by how much, centred, nats), `z` (standard errors, by story, that its effect on validation contexts is above
    zero, given the pairs of the rounds before), `p` (one-sided), `q` (that adjusted for the number of pairs, by
    Benjamini and Hochberg), `confirmed` (q at most `settings.false_discoveries`), `examples` (`_examples`).
    `curve`: `size` int64 [S], numbers of pairs in the order in which they were taken up, from 0; losses on the test
    contexts float32 [S, n], of the linear model with so many pairs (`pairs`), and with the votes of their tokens alone
    (`votes`); `tried` int64 [1], the pairs that a search looked at.
    """
    from handcraft.predictors.nonlinear.folds import draw_folds, held_out_logits

    training, held_out, asked = map(read_contexts, (inputs.train, inputs.validation, inputs.test))
    tensors = read_tensors(inputs.linear)
    base = {
        name: linear_logits(tensors["weight"], tensors["bias"], c.tokens).astype(np.float64)
        for name, c in (("validation", held_out), ("test", asked))
    }
    fold = draw_folds(training, settings.folds, seed)
    found: list[Pair] = []
    rows: list[dict[str, Any]] = []
    tried = 0
    if fold is not None and training.length > 1:
        start = held_out_logits(training, inputs.linear, fold, machine.prepare()).astype(np.float64)
        fitted, checked = start, base["validation"]
        while len(found) < settings.count:
            new, tried = _best(training, fitted, settings, found, tried)
            if not new:
                break
            found += new
            model = Model.fit(training, start, found)
            for pair in new:
                rows.append(_confirm(pair, model, held_out, checked, training, len(found)))
            fitted, checked = (
                start + model.logits(training.tokens),
                base["validation"] + model.logits(held_out.tokens),
            )
            say(f"pairs: {len(found)}, training loss {_loss(fitted, training.labels):.4f}")
    vocabulary = Vocabulary.read(inputs.tokenizer)
    for row, pair in zip(rows, found, strict=True):
        row |= {name: vocabulary.show(row[name]) for name in ("token", "other_token")}
        row["examples"] = _examples(pair, held_out, vocabulary)
    order = sorted(range(len(rows)), key=lambda i: -rows[i]["z"])
    rows = [rows[i] | {"step": step} for step, i in enumerate(order)]
    for row, q in zip(rows, false_discoveries([row["p"] for row in rows]), strict=True):
        row |= {"q": q, "confirmed": int(q <= settings.false_discoveries)}
    write_csv(table, rows, COLUMNS)
    sizes = sorted({0, *(m for m in SIZES if m < len(found)), len(found)})
    losses: dict[str, list[np.ndarray]] = {"pairs": [], "votes": []}
    for size in sizes:
        for name, joint in (("pairs", True), ("votes", False)):
            logits = base["test"]
            if size and fold is not None:
                logits = logits + Model.fit(training, start, found[:size], joint).logits(asked.tokens)
            losses[name].append(context_losses(log_softmax(logits), asked.labels))
    write_tensors(
        curve,
        {
            "size": np.array(sizes, np.int64),
            "tried": np.array([tried], np.int64),
            **{name: np.stack(each).astype(np.float32) for name, each in losses.items()},
        },
        {},
    )


@dataclass(frozen=True)
class Model:
    """Weights of `pairs` [P, K], and of the tokens that they are made of, each in its place (`singles`, [S, K])."""

    pairs: Sequence[Pair]
    singles: Sequence[tuple[int, int]]
    weight: np.ndarray

    @classmethod
    def fit(cls, training: Contexts, start: np.ndarray, pairs: Sequence[Pair], joint: bool = True) -> "Model":
        """All weights together, on top of the logits `start` [n, K], with a ridge; without `joint` only the singles."""
        singles = sorted({side for pair in pairs for side in pair.sides})
        used = list(pairs) if joint else []
        model = cls(used, singles, np.zeros((len(used) + len(singles), start.shape[1])))
        X, n = model.design(training.tokens), len(training)
        labels, ridge = training.labels.astype(np.int64), 1 / (SPREAD**2 * n)

        def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
            W = flat.reshape(model.weight.shape)
            p = log_softmax(start + X @ W)
            loss = -p[np.arange(n), labels].mean() + ridge / 2 * (W**2).sum()
            wrong = np.exp(p)
            wrong[np.arange(n), labels] -= 1
            return float(loss), ((X.T @ wrong) / n + ridge * W).ravel()

        options = {"maxiter": 200, "ftol": 1e-10}
        done = minimize(objective, np.zeros(model.weight.size), jac=True, method="L-BFGS-B", options=options)
        return cls(used, singles, done.x.reshape(model.weight.shape))

    def design(self, tokens: np.ndarray) -> sparse.csr_matrix:
        """Which context has which feature: [n, P + S]."""
        columns = [np.flatnonzero(pair.rows(tokens)) for pair in self.pairs]
        columns += [np.flatnonzero(tokens[:, position] == token) for position, token in self.singles]
        ends = np.concatenate([[0], np.cumsum([len(c) for c in columns])])
        places = np.concatenate([*columns, np.zeros(0, np.int64)])
        shape = (len(tokens), len(columns))
        return sparse.csc_matrix((np.ones(len(places)), places, ends), shape=shape).tocsr()

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        """What they add for contexts [n, length]: float64 [n, K]."""
        return np.asarray(self.design(tokens) @ self.weight)

    def of(self, pair: Pair) -> np.ndarray:
        """A pair's weights [K]."""
        return np.asarray(self.weight[self.pairs.index(pair)])


def _best(
    training: Contexts, logits: np.ndarray, settings: Pairs, found: Sequence[Pair], tried: int
) -> tuple[list[Pair], int]:
    """The best new pairs by the efficient score, and how many different pairs a search looks at."""
    from scipy.stats import chi2

    p = np.exp(log_softmax(logits))
    information, wrong = p * (1 - p), -p
    wrong[np.arange(len(p)), training.labels] += 1
    tokens, size, K = training.tokens.astype(np.int64), training.vocabulary, p.shape[1]
    singles = [
        (_sums(tokens[:, i], wrong, size), _sums(tokens[:, i], information, size))
        for i in range(training.length)
    ]
    best: list[tuple[float, Pair]] = []
    looked = 0
    for i, j in combinations(range(training.length), 2):
        ids, inside, count = np.unique(
            tokens[:, i] * size + tokens[:, j], return_inverse=True, return_counts=True
        )
        often = np.flatnonzero(count >= settings.support)
        if not len(often):
            continue
        looked += len(often)
        place = np.full(len(ids), len(often))
        place[often] = np.arange(len(often))
        at = place[inside]
        both, both_information = (_sums(at, x, len(often) + 1)[:-1] for x in (wrong, information))
        a, b = ids[often] // size, ids[often] % size
        score = _efficient(both, both_information, [x[a] for x in singles[i]], [x[b] for x in singles[j]]) * (
            (K - 1) / K
        )
        for k in np.argsort(-score)[: 4 * ROUND]:
            best.append((float(score[k]), Pair(i, int(a[k]), j, int(b[k]))))
    threshold = chi2.isf(min(1.0, 1 / max(looked, 1)), K - 1)
    chosen: list[Pair] = []
    taken: set[tuple[int, int]] = set()
    for score_, pair in sorted(best, key=lambda x: (-x[0], x[1].sides)):
        if score_ <= threshold or len(chosen) == min(ROUND, settings.count - len(found)):
            break
        if pair not in found and not taken & set(pair.sides):
            chosen.append(pair)
            taken |= set(pair.sides)
    return chosen, max(tried, looked)


def _sums(place: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Sums of `values` [n, K] by `place` [n]: [size, K]."""
    return np.stack([np.bincount(place, values[:, k], size) for k in range(values.shape[1])], axis=1)


def _efficient(
    both: np.ndarray, information: np.ndarray, a: Sequence[np.ndarray], b: Sequence[np.ndarray]
) -> np.ndarray:
    """Sum over candidates of the squared efficient scores [pairs], each over its variance.

    `both` and `information` [pairs, K]: sums of residuals and of p (1 - p) where a pair stands; `a`, `b`: the same of
    either token. The score of the pair minus its projection on those of the tokens.
    """
    alpha, beta = _projection(information, a[1], b[1])
    score = both - alpha * a[0] - beta * b[0]
    variance = information * (1 - alpha - beta)
    fit = variance > OVERLAP * information
    squares = np.divide(score**2, variance, out=np.zeros_like(score), where=fit)
    return np.where(fit.all(axis=1), squares.sum(axis=1), 0.0)


def _projection(both: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the projection of a pair's feature on those of its two tokens, by their information."""
    determinant = np.maximum(a * b - both**2, 1e-12)
    return both * (b - both) / determinant, both * (a - both) / determinant


def _confirm(
    pair: Pair, model: Model, held_out: Contexts, logits: np.ndarray, training: Contexts, found: int
) -> dict[str, Any]:
    """A row: the pair's effect on validation contexts, in the direction that training gave it, by story."""
    from scipy.stats import norm

    weight = model.of(pair) - model.of(pair).mean()
    p = np.exp(log_softmax(logits))
    wrong = -p
    wrong[np.arange(len(p)), held_out.labels] += 1
    information = (p * (1 - p)).sum(axis=1)
    rows = pair.rows(held_out.tokens)
    sides = [held_out.tokens[:, position] == token for position, token in pair.sides]
    alpha, beta = _projection(*(np.array(information[x].sum()) for x in (rows, *sides)))
    effect = (rows - alpha * sides[0] - beta * sides[1]) * (wrong @ weight)
    _, story = np.unique(held_out.story, return_inverse=True)
    by_story = np.bincount(story, effect)
    error = float(np.sqrt((by_story**2).sum()))
    z = float(by_story.sum()) / error if error > 0 and rows.any() else 0.0
    k = int(np.abs(weight).argmax())
    return {
        "position": pair.position - training.length,
        "token": pair.token,
        "other_position": pair.other_position - training.length,
        "other_token": pair.other_token,
        "seen": int(pair.rows(training.tokens).sum()),
        "held_out": int(rows.sum()),
        "candidate": training.candidates[k],
        "value": float(weight[k]),
        "z": z,
        "p": float(norm.sf(z)),
    }


def _examples(pair: Pair, contexts: Contexts, vocabulary: Vocabulary) -> str:
    """The first contexts that have the pair, from its farther token on, and what came: JSON, a list of [text, word]."""
    first = min(pair.position, pair.other_position, contexts.length - SHOWN)
    rows = np.flatnonzero(pair.rows(contexts.tokens))[:EXAMPLES]
    shown = [
        [
            vocabulary.decode(contexts.tokens[r, max(first, 0) :].tolist()),
            contexts.candidates[contexts.labels[r]],
        ]
        for r in rows
    ]
    return json.dumps(shown, ensure_ascii=False)


def _loss(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(context_losses(log_softmax(logits), labels).mean())
