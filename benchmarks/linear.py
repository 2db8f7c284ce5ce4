"""The linear solver beside named peers, on the contexts of a finished build.

    python benchmarks/linear.py BUILD/results/contexts/conjunctions.token --figure docs/benchmarks/linear.svg

One problem for all: mean cross-entropy over the K candidates + l1 * sum |W|, bias free. One measure for all: the
objective in float64 (`objective`), relative to a reference optimum that is certified to 1e-6. A method is stopped
at a relative gap of 1e-4; what measuring costs is not counted. One thread each, one run, one process.

saga:      scikit-learn's, epoch by epoch with its own gradient memory kept, so that no restart costs it anything;
           on the path it starts from its own solution for the penalty before, memory included.
liblinear: one-vs-rest, which is another problem (and it penalises the bias): its time to its own tolerance, and how
           far its weights are from the optimum of ours when its five scores are taken as logits.
adam:      minibatches with the L1 term in the loss (`handcraft.predictors.minibatch`), the learning rate that did best
           of three.
adelie:    elementwise L1 for the multinomial, if the package is installed; otherwise left out, and said so.

Prints a table, and one JSON line of figures last.
"""

import argparse
import json
import multiprocessing
import platform
import queue
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse
import torch

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import fix_arithmetic
from handcraft.predictors.linear.minibatch import MinibatchModel
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import LinearFit, fit_path

WANTED = 1e-4
PATH = [float(f"{value:.4g}") for value in np.geomspace(1e-3, 1e-5, 10)]
SINGLE = [1e-3, 3e-4, 3e-5]


class Problem:
    """The contexts as everybody wants them, and the one measure."""

    def __init__(self, contexts: Contexts) -> None:
        self.contexts, self.n = contexts, len(contexts)
        self.K, self.length = len(contexts.candidates), contexts.tokens.shape[1]
        self.columns = (
            contexts.tokens.astype(np.int64) + np.arange(self.length) * contexts.vocabulary
        ).astype(np.int32)
        starts = np.arange(self.n + 1, dtype=np.int32) * self.length
        shape = (self.n, self.length * contexts.vocabulary)
        self.X = scipy.sparse.csr_matrix(
            (np.ones(self.columns.size), self.columns.ravel(), starts), shape=shape
        )
        self.labels = contexts.labels.astype(np.int64)

    def objective(self, W: np.ndarray, b: np.ndarray, l1: float) -> float:
        """Mean cross-entropy + l1 * sum |W| in float64 of W [features, K] and b [K], in nats."""
        Z = self.X @ W.astype(np.float64) + b.astype(np.float64)
        Z -= Z.max(1, keepdims=True)
        loss = np.log(np.exp(Z).sum(1)) - Z[np.arange(self.n), self.labels]
        return float(loss.mean() + l1 * np.abs(W.astype(np.float64)).sum())

    def onehot(self) -> OneHot:
        c = self.contexts
        return OneHot(c.tokens, c.labels, c.vocabulary, self.K, torch.device("cpu"))


def flat(fit: LinearFit) -> np.ndarray:
    return fit.weight.reshape(-1, fit.weight.shape[2])


class Watch:
    """The solver's models and when it had them, in seconds without the copying."""

    def __init__(self) -> None:
        self.models: list[tuple[float, np.ndarray, np.ndarray]] = []
        self.begin = time.perf_counter()

    def clock(self) -> float:
        return time.perf_counter() - self.begin

    def __call__(self, W: torch.Tensor, b: torch.Tensor) -> None:
        at = self.clock()
        self.models.append((at, W.numpy().copy(), b.numpy().copy()))
        self.begin += self.clock() - at


def ours(
    problem: Problem, penalties: list[float], best: dict[float, float], gap: float
) -> list[dict[str, float]]:
    """Seconds to the certificate, which alone stops it, and to the first of its models within WANTED."""
    rows, start = [], None
    begin = time.perf_counter()
    data = problem.onehot()
    spent = time.perf_counter() - begin  # preparing the data counts for the first penalty
    for l1 in penalties:
        watch = Watch()
        fit = fit_path(data, [l1], gap=gap, max_iterations=10_000, start=start, watch=watch)[0]
        certified = watch.clock()
        gaps = [(at, problem.objective(W, b, l1) / best[l1] - 1) for at, W, b in watch.models]
        reached = next((at for at, value in gaps if value <= WANTED), None)
        row = {
            "l1": l1,
            "seconds": spent + certified,
            "to_wanted": None if reached is None else spent + reached,
        }
        rows.append(row | {"gap": gaps[-1][1], "certificate": fit.gap, "nonzeros": fit.nonzeros})
        start, spent = fit, 0.0
    return rows


def saga(
    problem: Problem, penalties: list[float], best: dict[float, float], limit: float
) -> list[dict[str, float]]:
    """Seconds to WANTED, epoch by epoch, each penalty from the one before; None past `limit` seconds."""
    from sklearn.linear_model._sag import sag_solver

    rows, memory = [], {"coef": np.zeros((problem.X.shape[1] + 1, problem.K))}
    labels, weights = problem.labels.astype(np.float64), np.ones(problem.n)
    state = np.random.RandomState(0)
    for l1 in penalties:
        seconds, gap, epochs = 0.0, np.inf, 0
        while gap > WANTED and seconds < limit:
            begin = time.perf_counter()
            coef, _, memory = sag_solver(
                problem.X, labels, weights, loss="multinomial", alpha=0.0, beta=l1 * problem.n, max_iter=1, tol=0.0,
                random_state=state, check_input=False, max_squared_sum=float(problem.length),
                warm_start_mem=memory, is_saga=True,
            )  # fmt: skip
            seconds += time.perf_counter() - begin
            epochs += 1
            gap = problem.objective(coef[:, :-1].T, coef[:, -1], l1) / best[l1] - 1
        reached = seconds if gap <= WANTED else None
        rows.append(
            {"l1": l1, "to_wanted": reached, "seconds": seconds, "gap": gap, "epochs": epochs}
            | {"nonzeros": int(np.count_nonzero(coef[:, :-1]))}
        )
        print(f"  saga {l1:g}: {seconds:.1f} s, {epochs} epochs, gap {gap:.1e}", flush=True)
    return rows


def liblinear(problem: Problem, l1: float, best: dict[float, float]) -> dict[str, float]:
    """One-vs-rest to liblinear's own tolerance."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    one = LogisticRegression(solver="liblinear", l1_ratio=1, C=1 / (l1 * problem.n), tol=1e-4, random_state=0)
    begin = time.perf_counter()
    model = OneVsRestClassifier(one).fit(problem.X, problem.labels)
    seconds = time.perf_counter() - begin
    W = np.stack([part.coef_[0] for part in model.estimators_], 1)
    b = np.array([part.intercept_[0] for part in model.estimators_])
    gap = problem.objective(W, b, l1) / best[l1] - 1
    return {"l1": l1, "seconds": seconds, "to_wanted": None, "gap": gap, "nonzeros": int(np.count_nonzero(W))}


def adam(
    problem: Problem, l1: float, best: dict[float, float], epochs: int, batch: int = 1024
) -> dict[str, float]:
    """Seconds to WANTED, measured after every epoch, with the learning rate that ends lowest."""
    x, y = torch.from_numpy(problem.columns), torch.from_numpy(problem.labels)
    outcomes = []
    for rate in (3e-4, 1e-3, 3e-3):
        model = MinibatchModel(problem.X.shape[1], problem.K, l1, rate, torch.device("cpu"))
        draw = torch.Generator().manual_seed(0)
        seconds, gap, reached = 0.0, np.inf, None
        for _ in range(epochs):
            begin = time.perf_counter()
            for rows in torch.randperm(problem.n, generator=draw).split(batch):
                model.step(x[rows], y[rows])
            seconds += time.perf_counter() - begin
            W = model.parameters.numpy()
            gap = problem.objective(W[:-1], W[-1], l1) / best[l1] - 1
            if gap <= WANTED:
                reached = seconds
                break
        nonzeros = int(np.count_nonzero(model.parameters[:-1].numpy()))
        outcomes.append(
            {
                "l1": l1,
                "seconds": seconds,
                "to_wanted": reached,
                "gap": gap,
                "nonzeros": nonzeros,
                "rate": rate,
            }
        )
    return min(outcomes, key=lambda o: o["gap"])


def adelie(problem: Problem, l1: float, best: dict[float, float], limit: float) -> dict[str, float] | None:
    """adelie's elementwise L1 for the multinomial, in a process that is ended after `limit` seconds."""
    try:
        import adelie as ad
    except ImportError:
        return None

    class Elementwise:
        """adelie groups the K weights of a feature by multiplying its groups with K; this asks for each alone."""

        def __mul__(self, K: int) -> np.ndarray:
            return np.arange(problem.X.shape[1] * K)

    largest = problem.onehot().zero_gradient

    def solve(answer) -> None:  # type: ignore[no-untyped-def]
        X = ad.matrix.sparse(scipy.sparse.csc_matrix(problem.X), method="naive", n_threads=1)
        y = np.eye(problem.K)[problem.labels]
        begin = time.perf_counter()
        # Its loss is 1/K of ours. Ten penalties down from all zeros are how it is meant to be used.
        penalties = np.geomspace(largest, l1, 10) / problem.K
        state = ad.grpnet(
            X,
            ad.glm.multinomial(y),
            groups=Elementwise(),
            lmda_path=penalties,
            early_exit=False,
            progress_bar=False,
        )
        seconds = time.perf_counter() - begin
        answer.put((seconds, state.betas.toarray()[-1], state.intercepts[-1]))

    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    process = context.Process(target=solve, args=(answer,))
    process.start()
    try:
        seconds, beta, intercept = answer.get(timeout=limit)
    except queue.Empty:
        process.kill()
        return {"l1": l1, "seconds": limit, "to_wanted": None, "gap": float("nan"), "nonzeros": 0}
    process.join()
    W = beta.reshape(-1, problem.K)
    gap = problem.objective(W, intercept, l1) / best[l1] - 1
    reached = seconds if gap <= WANTED else None
    return {
        "l1": l1,
        "seconds": seconds,
        "to_wanted": reached,
        "gap": gap,
        "nonzeros": int(np.count_nonzero(W)),
    }


def reference(problem: Problem) -> dict[float, float]:
    """The optimum of every penalty, certified to 1e-6, by the one measure."""
    penalties = sorted({*PATH, *SINGLE}, reverse=True)
    fits = fit_path(problem.onehot(), penalties, gap=1e-6, max_iterations=20_000)
    return {fit.l1: problem.objective(flat(fit), fit.bias, fit.l1) for fit in fits}


def draw(path: dict[str, list[dict[str, float]]], figure: Path) -> None:
    """Seconds against l1: saga's to WANTED, ours to the certificate (whose models all lie below WANTED)."""
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "handcraft", "font.size": 9})
    axes = plt.figure(figsize=(5.5, 3), layout="constrained").add_subplot()
    penalties = [row["l1"] for row in path["ours"]]
    for name, label, colour in (
        ("saga", "scikit-learn saga, to a gap of 1e-4", "#b5532a"),
        ("ours", "handcraft, to a certified gap of 1e-3", "#2a6fb5"),
    ):
        key = "to_wanted" if name == "saga" else "seconds"
        axes.plot(
            penalties,
            [row[key] or np.nan for row in path[name]],
            "o-",
            color=colour,
            label=label,
            markersize=4,
        )
    axes.set(xscale="log", yscale="log", xlabel="L1 penalty", ylabel="seconds")
    axes.invert_xaxis()
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    figure.parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(figure, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contexts", type=Path, help="directory with train.safetensors")
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a peer is stopped")
    parser.add_argument("--epochs", type=int, default=60, help="of Adam")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    fix_arithmetic(1)
    warnings.simplefilter(
        "ignore"
    )  # saga is asked for one epoch at a time, and says each time that it is not done
    problem = Problem(read_contexts(options.contexts / "train.safetensors"))
    best = reference(problem)
    path = {"ours": ours(problem, PATH, best, 1e-3), "saga": saga(problem, PATH, best, options.limit)}
    single: dict[str, list[dict[str, float]]] = {
        "ours": [],
        "saga": [],
        "liblinear": [],
        "adam": [],
        "adelie": [],
    }
    for l1 in SINGLE:
        single["ours"] += ours(problem, [l1], best, 1e-3)
        single["saga"] += saga(problem, [l1], best, options.limit)
        single["liblinear"].append(liblinear(problem, l1, best))
        single["adam"].append(adam(problem, l1, best, options.epochs))
        found = adelie(problem, l1, best, min(options.limit, 120))
        single["adelie"] += [found] if found else []
    rows = [(f"path/{n}", r) for n, part in path.items() for r in part]
    rows += [(f"single/{n}", r) for n, part in single.items() for r in part]
    print("| run | l1 | seconds to 1e-4 | seconds in all | gap | non-zeros |\n|---|---|---|---|---|---|")
    for name, r in rows:
        reached = "never" if r["to_wanted"] is None else f"{r['to_wanted']:.2f}"
        print(
            f"| {name} | {r['l1']:g} | {reached} | {r['seconds']:.2f} | {r['gap']:.1e} | {r['nonzeros']:,} |"
        )
    total = {name: sum(r["seconds"] for r in part) for name, part in path.items()}
    worst = max(o["seconds"] / s["seconds"] for o, s in zip(path["ours"], path["saga"], strict=True))
    if options.figure:
        draw(path, options.figure)
    figures = {
        "contexts": problem.n,
        "machine": f"{platform.machine()}, {platform.system()}, one thread",
        "path_seconds": total,
        "path_ratio": total["saga"] / total["ours"],
        "slowest_single_share_of_saga": worst,
        "largest_gap_of_ours": max(r["gap"] for r in path["ours"]),
        "path": path,
        "single": single,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
