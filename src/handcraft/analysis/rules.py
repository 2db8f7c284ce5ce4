"""A rule file, rule by rule: where each fires, how often it agrees with the others, and what it gains.

Coverage, overlaps and conflicts are those of Snorkel's analysis of labelling functions. The gain of a rule is what the
loss on validation contexts rises by without it: as written, and refitted, where the other rules may take its place.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.stats import norm

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import read_metadata, write_csv, write_tensors
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictors.rules.fit import Problem, Strengths
from handcraft.predictors.rules.people import Inputs, Read, read_model
from handcraft.rules.match import TokenRule, fires_matrix

COLUMNS = (
    "line", "rule", "pushes", "origin", "why", "seen", "held_out", "coverage", "overlap", "conflict", "precision",
    "gain", "low", "high", "refitted", "refitted_low", "refitted_high", "alone", "redundant", "same_as",
)  # fmt: skip
SAME = 0.95
"""Two rules are said to be the same where so much of the contexts in which one of them fires is shared."""
_STEPS, _SMALL = 100, 1e-9
"""Steps of a fit without a rule, and the gradient (nats a context) at which it ends."""


def evaluate_rules(inputs: Inputs, model: Path, *, confidence: float, table: Path, curve: Path) -> None:
    """Write a row for every rule of a file, in its order, and the losses of the most important ones; `model` is the
    refitted one of `predict_rules`, whose ridge is taken.

    `table`: the `line` of the file, the `rule` in words, what it `pushes`, its `origin` (`person` or `proposed`) and
    `why`; `seen` and `held_out`, training and validation contexts in which it fires. All else is about validation
    contexts. `coverage`: share in which it fires. `overlap`: share of these in which another rule fires too;
    `conflict`: in which another rule that fires pushes another candidate most. `precision`: share of these in which
    the candidate that it pushes most came (where it only pushes down: in which none of these came). `gain`: how much
    the loss rises without it, as written; `refitted`: the same with strengths fitted, and fitted again without it;
    both with intervals by story. `alone`: what it gains over the candidates' shares as the only rule, refitted.
    `redundant`: 1 where it gains alone, and no more beside the others (`refitted_high` is at most a tenth of `alone`).
    `same_as`: the line of an earlier rule that fires in nearly the same contexts.
    `curve`: losses on the test contexts float32: `refitted` [S, n], of the first `size` int64 [S] rules by their gain
    refitted, all strengths fitted; `written` [n], of all rules as written.
    """
    training, held_out, asked = map(read_contexts, (inputs.train, inputs.validation, inputs.test))
    read = read_model(inputs.rules, inputs.tokenizer, training)
    l2 = float(read_metadata(model)["l2"])
    rows = analyse(read, training, held_out, l2=l2, confidence=confidence)
    write_csv(table, rows, COLUMNS)
    order = sorted(range(len(rows)), key=lambda i: -rows[i]["refitted"])
    fires = fires_matrix(read.rules, asked.tokens)
    sizes = sorted({s for s in _sizes(len(order)) if s <= len(order)})
    losses = []
    for size in sizes:
        part = order[:size]
        problem = Problem(read.fires[:, part], read.written.weight[part] != 0, training.labels, l2)
        losses.append(
            _losses(problem.unpack(problem.solve()).logits(fires[:, part]), asked.labels).astype(np.float32)
        )
    written = _losses(read.written.logits(fires), asked.labels).astype(np.float32)
    write_tensors(
        curve,
        {"size": np.array(sizes, np.int64), "refitted": np.stack(losses), "written": written},
        {"rules": len(order)},
    )


def analyse(
    read: Read, training: Contexts, held_out: Contexts, *, l2: float, confidence: float
) -> list[dict[str, Any]]:
    """The rows of `evaluate_rules`."""
    fires = fires_matrix(read.rules, held_out.tokens)
    counted = agreement(read.rules, fires, held_out.labels)
    story = np.unique(held_out.story, return_inverse=True)[1]
    z = float(norm.isf((1 - confidence) / 2))
    problem = Problem(read.fires, read.written.weight != 0, training.labels, l2)
    theta = problem.solve()
    without = leave_one_out(problem, theta)
    base = _losses(read.written.logits(fires), held_out.labels)
    base_refitted = _losses(problem.unpack(theta).logits(fires), held_out.labels)
    shares = np.log(class_rates(training.labels, problem.K))
    nothing = _losses(np.tile(shares, (len(held_out), 1)), held_out.labels).mean()
    same = same_as(read.fires)
    rows = []
    for i, rule in enumerate(read.rules):
        gain = written_without(read.written, fires, i, held_out.labels) - base
        refitted = _losses(without[i].logits(fires), held_out.labels) - base_refitted
        one = Problem(read.fires[:, [i]], problem.pushed[[i]], training.labels, l2)
        alone = nothing - _losses(one.unpack(one.solve()).logits(fires[:, [i]]), held_out.labels).mean()
        row: dict[str, Any] = {"line": rule.line, "rule": rule.text, "pushes": rule.pushes, "why": rule.why}
        row |= {"origin": "proposed" if rule.proposed else "person", "seen": int(read.fires[:, [i]].sum())}
        row |= counted[i]
        row |= dict(zip(("gain", "low", "high"), _interval(gain, story, z), strict=True))
        names = ("refitted", "refitted_low", "refitted_high")
        row |= dict(zip(names, _interval(refitted, story, z), strict=True))
        row["alone"] = float(alone)
        row["redundant"] = int(alone > 0 and row["refitted_high"] <= alone / 10)
        row["same_as"] = f"line {read.rules[same[i]].line}" if i in same else ""
        rows.append(row)
    return rows


def agreement(
    rules: Sequence[TokenRule], fires: sparse.csc_array, labels: np.ndarray
) -> list[dict[str, Any]]:
    """Of every rule: contexts in which it fires, coverage, overlap, conflict, precision (None where it is silent)."""
    by_row = fires.tocsr()
    count = np.asarray(by_row.sum(axis=1)).ravel()
    push = np.array([rule.push for rule in rules])
    up = np.where(push.max(1) > 0, push.argmax(1), -1)
    # How many rules that fire in a context push each candidate most.
    favours = np.stack([np.asarray(by_row @ (up == k)).ravel() for k in range(push.shape[1])], axis=1)
    found = []
    for i in range(len(rules)):
        rows = fires.indices[fires.indptr[i] : fires.indptr[i + 1]]
        n = len(rows)
        row: dict[str, Any] = {"held_out": n, "coverage": n / max(len(labels), 1)}
        row |= {"overlap": None, "conflict": None, "precision": None}
        if n:
            others = favours[rows].copy()
            if up[i] >= 0:
                others[:, up[i]] = 0
                row["conflict"] = float((others.sum(axis=1) > 0).mean())
                row["precision"] = float((labels[rows] == up[i]).mean())
            else:
                down = push[i] < 0
                row["conflict"] = float((favours[rows][:, down].sum(axis=1) > 0).mean())
                row["precision"] = float((~down[labels[rows]]).mean())
            row["overlap"] = float((count[rows] > 1).mean())
        found.append(row)
    return found


def written_without(model: Strengths, fires: sparse.csc_array, i: int, labels: np.ndarray) -> np.ndarray:
    """Losses [n] of the model as written without its rule i."""
    weight = model.weight.copy()
    weight[i] = 0
    return _losses(Strengths(model.start, weight).logits(fires), labels)


def leave_one_out(problem: Problem, theta: np.ndarray) -> list[Strengths]:
    """The optimum without each rule in turn, from the optimum `theta` with all.

    One Hessian serves all of them: its inverse, restricted to what is left, gives the steps. Each goes on until its
    own gradient vanishes, so the result is that of a fit without the rule; where the Hessian has changed too much for
    that, it is fitted anew.
    """
    inverse = linalg.inv(problem.hessian(problem.value(theta)[1]))
    found = []
    for i in range(len(problem.pushed)):
        out = problem.K + np.flatnonzero(problem.rule == i)
        # The inverse of the Hessian of what is left, with zeros for what is left out (Schur complement).
        step = inverse - inverse[:, out] @ np.linalg.solve(inverse[np.ix_(out, out)], inverse[out])
        step[out] = 0
        x = theta - inverse[:, out] @ np.linalg.solve(inverse[np.ix_(out, out)], theta[out])
        x[out] = 0
        for _ in range(_STEPS):
            g = problem.gradient(x, problem.value(x)[1])
            g[out] = 0
            if np.abs(g).max() < _SMALL:
                break
            x = x - step @ g
        else:
            x = without_rule(problem, i)
        found.append(problem.unpack(x))
    return found


def without_rule(problem: Problem, i: int) -> np.ndarray:
    """The parameters of a fit without rule i, zero for its own."""
    kept = [j for j in range(len(problem.pushed)) if j != i]
    fewer = Problem(problem.by_row.tocsc()[:, kept], problem.pushed[kept], problem.labels, problem.l2)
    fitted = fewer.solve()
    x = np.zeros(problem.K + len(problem.rule))
    x[: problem.K] = fitted[: problem.K]
    x[problem.K + np.flatnonzero(problem.rule != i)] = fitted[problem.K :]
    return x


def same_as(fires: sparse.csc_array) -> dict[int, int]:
    """For a rule that fires in nearly the same contexts as an earlier one, that one."""
    both = (fires.T @ fires).toarray()
    n = both.diagonal()
    either = n[:, None] + n[None, :] - both
    share = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return {i: int(np.argmax(share[i, :i] >= SAME)) for i in range(len(n)) if (share[i, :i] >= SAME).any()}


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return context_losses(log_softmax(logits), labels)


def _interval(values: np.ndarray, story: np.ndarray, z: float) -> tuple[float, float, float]:
    """A mean over contexts with its interval by story (normal)."""
    mean = float(values.mean())
    error = float(np.sqrt((np.bincount(story, values - mean) ** 2).sum()) / len(values))
    return mean, mean - z * error, mean + z * error


def _sizes(rules: int) -> list[int]:
    return [1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, rules]
