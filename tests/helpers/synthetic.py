"""A small tree of made-up artifacts in the project's formats, for tests of figures and report."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from handcraft.analysis.data_claims import evaluate_data_claims
from handcraft.analysis.evidence import evaluate_evidence
from handcraft.analysis.first_rules import find_first_rules
from handcraft.analysis.influence import evaluate_influence
from handcraft.analysis.published_weights import evaluate_published
from handcraft.analysis.unpenalised import train_unpenalised
from handcraft.config.model import Evaluation
from handcraft.config.predictors import Linear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.evaluation import causal_lms, learning_curve, linearity, patterns, predictions
from handcraft.figures.calibration import plot_calibration
from handcraft.figures.comparison import plot_comparison
from handcraft.figures.evidence import plot_evidence
from handcraft.figures.learning_curve import plot_learning_curve
from handcraft.figures.linearity import plot_linearity
from handcraft.figures.opening import plot_opening
from handcraft.figures.overview import plot_overview
from handcraft.figures.path import plot_path
from handcraft.figures.penalty import plot_penalty
from handcraft.figures.strips import plot_strips
from handcraft.figures.tiles import plot_tiles
from handcraft.figures.training import plot_training
from handcraft.figures.weights import plot_weights
from handcraft.files import write_csv, write_json, write_table, write_tensors
from handcraft.math import log_softmax
from handcraft.predictions import write_predictions
from handcraft.report.results import Metadata
from handcraft.tokenizer.tokens import Vocabulary, load_tokenizer
from handcraft.tokenizer.train import train_tokenizer
from tests.helpers.next_token import write_next_token

GROUPS = {
    "conjunctions": [" and", " but", " for", " so", " or"],
    "pronouns": [" he", " she", " it", " they", " her"],
    "feelings": [" happy", " sad", " scared", " excited", " proud"],
}
HOSTILE = "</script><img src=x onerror=alert(1)> {{< pagebreak >}} {{ x }} @fig-none `code` $x$ #let | *a* _b_ [l](u)"
TITLES = {
    "majority": "majority",
    "last_token": "last token",
    "ngram": "n-gram",
    "linear": "linear",
    "linear_sparser": "linear, sparser",
    "additive": "linear, by a network",
    "nonlinear": "non-linear",
    "best_linear": "best linear",
    "bayes": "best possible (Bayes)",
    "small-llama": "small Llama (trained in this build)",
}
TILES = {"comma": ",", "was": " was"}
VOCABULARY, LENGTH = 370, 16


def make_results(root: Path, *, planted: bool = True, lm: bool = True, rich: bool = True) -> Path:
    """Write a results tree below `root` and return it; without `lm` no causal LM answered, without `rich` only what
    the groups need is there."""
    results = root / "results"
    random = np.random.default_rng(3)
    tokenizer = _tokenizer(results)
    splits = {
        s: {"stories": n, "characters": 900 * n}
        for s, n in (("train", 800), ("validation", 100), ("test", 100))
    }
    write_json(results / "corpus" / "summary.json", {"splits": splits, "duplicates": 3, "short": 1})
    for name, words in GROUPS.items():
        _group(results, tokenizer, name, words, random, planted, lm)
    _linear(results, tokenizer)
    if rich:
        _training(results, random)
        claims = results / "evaluation" / "data_claims.json"
        train = results / "contexts" / "conjunctions" / "train.safetensors"
        evaluate_data_claims(
            train, results / "tokenizer" / "tokenizer.json", tokens=list(TILES.values()), output=claims
        )
        _occurrence(results)
        if planted:
            _planted(results)
        if lm:
            _language_model(results, random)
        for name in GROUPS:
            _linearity(results, name, random)
            _patterns(results, name)
        write_next_token(results)
        make_figures(results, "small-llama" if lm else None)
    return results


def hostile_pieces(results: Path) -> list[str]:
    """What the five examples must show, as text."""
    vocabulary = Vocabulary.read(results / "tokenizer" / "tokenizer.json")
    pieces = np.resize(vocabulary.encode(HOSTILE), (5, LENGTH))
    return [" ".join(vocabulary.decode(row).split()) for row in pieces]


def make_figures(results: Path, baseline: str | None) -> None:
    """All figures, below results/figures."""
    figures, evaluation = results / "figures", results / "evaluation"
    history = results / "minibatch" / "conjunctions" / "history.parquet"
    scores = evaluation / "conjunctions" / "metrics.csv"
    plot_training(
        history,
        history.with_name("metrics.json"),
        evaluation=scores,
        baseline=baseline,
        output=figures / "training.svg",
    )
    for slug, token in TILES.items():
        weights = results / "linear" / "conjunctions" / "weights.safetensors"
        plot_tiles(
            weights,
            results / "tokenizer" / "tokenizer.json",
            token=token,
            output=figures / f"tiles-{slug}.svg",
        )
    bins = evaluation / "calibration_bins.csv"
    if bins.is_file():
        plot_calibration(
            bins,
            predictor="small-llama",
            output=figures / "calibration-small-llama.svg",
            titles={g: g for g in GROUPS},
        )
    make_weight_figures(results)
    metrics = [evaluation / g / "metrics.csv" for g in GROUPS]
    plot_comparison(metrics, output=figures / "comparison.svg", titles=list(GROUPS))
    verdicts = [evaluation / g / "linearity.json" for g in GROUPS]
    plot_linearity(
        [p.with_suffix(".csv") for p in verdicts],
        verdicts,
        titles=list(GROUPS),
        output=figures / "linearity.svg",
    )
    plot_overview(
        [p.with_suffix(".csv") for p in verdicts],
        verdicts,
        metrics,
        titles=list(GROUPS),
        baseline=baseline,
        output=figures / "overview.svg",
    )
    curves = [[p.with_name(f"{n}.csv") for p in verdicts] for n in ("learning_curve", "stories_needed")]
    plot_learning_curve(*curves, titles=list(GROUPS), output=figures / "learning_curve.svg")


def make_weight_figures(results: Path) -> None:
    """The figures of weights, and what they are drawn from."""
    figures, linear = results / "figures", results / "linear" / "conjunctions"
    weights, support, free = (linear / f"{n}.safetensors" for n in ("weights", "support", "unpenalised"))
    tokenizer, evaluation = results / "tokenizer" / "tokenizer.json", results / "evaluation"
    evidence = [evaluation / g / "evidence.csv" for g in GROUPS]
    for g, path in zip(GROUPS, evidence, strict=True):
        held_out = results / "contexts" / g / "validation.safetensors"
        evaluate_evidence(
            results / "linear" / g / "weights.safetensors",
            held_out,
            settings=Evaluation(bootstrap=100),
            seed=0,
            output=path,
        )
    evaluate_published(
        weights, support, tokenizer=tokenizer, planted=False, output=evaluation / "published_weights.csv"
    )
    contexts = results / "contexts" / "conjunctions" / "train.safetensors"
    train_unpenalised(contexts, machine=Machine(), output=free)
    plot_evidence(evidence, output=figures / "evidence.svg", titles=list(GROUPS))
    paths = [results / "linear" / g / "path.csv" for g in GROUPS]
    plot_path(paths, output=figures / "path.svg", titles=list(GROUPS))
    plot_weights(weights, support, tokenizer=tokenizer, output=figures / "weights.svg")
    influence = evaluation / "conjunctions" / "influence.parquet"
    plot_strips(
        weights,
        support,
        influence=influence,
        tokenizer=tokenizer,
        named=list(TILES.values()),
        count=4,
        output=figures / "strips.svg",
    )
    plot_penalty(free, weights, support=support, output=figures / "penalty.svg")
    held_out = results / "contexts" / "conjunctions" / "validation.safetensors"
    plot_opening(weights, tokenizer, sentence="", validation=held_out, output=figures / "opening.svg")
    find_first_rules(
        held_out.with_name("train.safetensors"),
        linear / "path.csv",
        tokenizer,
        settings=Linear(),
        machine=Machine(),
        output=evaluation / "conjunctions" / "first_rules.csv",
    )


def metadata(*, planted: bool = True, lm: bool = True, **more: Any) -> Metadata:
    """What the config would say of this tree."""
    names = [
        n for n in TITLES if (planted or n not in ("bayes", "best_linear")) and (lm or n != "small-llama")
    ]
    source = "planted" if planted else "files"
    said: dict[str, Any] = {
        "title": "Which decisions of a language model are linear?",
        "corpus": {
            "name": source,
            "title": "a made-up corpus with planted rules" if planted else "TinyStories",
            "source": source,
        },
        "variants": [
            {"name": n, "group": n, "title": n, "candidates": w, "match": "word"} for n, w in GROUPS.items()
        ],
        "predictors": [{"id": n, "title": TITLES[n]} for n in names],
        "baseline": "small-llama" if lm else None,
        "language_models": ["small-llama"] if lm else [],
        "training_group": "conjunctions",
        "tiles_group": "conjunctions",
        "tiles": TILES,
        "length": LENGTH,
        "vocabulary": VOCABULARY,
        "bootstrap": 100,
        "resamples": 20,
    }
    return Metadata(**said | more)


def _tokenizer(results: Path) -> Any:
    words = (
        " ".join(w.strip() for ws in GROUPS.values() for w in ws)
        + " was the dog, cat, sun day big little ran saw"
    )
    stories = [f"{words}. {HOSTILE}"] * 30 + [f" {words}"] * 30
    corpus, path = results / "corpus" / "train.parquet", results / "tokenizer" / "tokenizer.json"
    write_table(corpus, pa.table({"story": [str(i) for i in range(len(stories))], "text": stories}))
    train_tokenizer(corpus, vocabulary=VOCABULARY, output=path)
    return load_tokenizer(path)


def _group(
    results: Path,
    tokenizer: Any,
    name: str,
    words: list[str],
    random: np.random.Generator,
    planted: bool,
    lm: bool,
) -> None:
    spoken = tokenizer.encode(" the dog, cat was big, little sun day ran saw the dog was ,").ids
    hostile = tokenizer.encode(HOSTILE).ids
    shares = np.array([0.52, 0.16, 0.14, 0.12, 0.06])
    folder = results / "contexts" / name
    labels: dict[str, np.ndarray] = {}
    for split, n in (("train", 1500), ("validation", 300), ("test", 600)):
        tokens = random.choice(spoken, (n, LENGTH)).astype(np.uint16)
        labels[split] = random.choice(5, n, p=shares).astype(np.uint8)
        comma, was = tokenizer.token_to_id(","), tokenizer.token_to_id("Ġwas")
        tokens[labels[split] == 1, -1] = comma
        tokens[labels[split] == 3, -1] = was
        # What a story may hold must not reach the page as markup: it is in the examples, a piece in each.
        pieces = np.resize(hostile, (5, LENGTH))
        tokens = np.where(np.arange(n)[:, None] < 100, pieces[labels[split]], tokens).astype(np.uint16)
        content = {"tokens": tokens, "labels": labels[split]}
        content |= {"story": np.arange(n) // 2, "offset": np.full(n, 20)}
        said = {
            "candidates": words,
            "vocabulary": VOCABULARY,
            "match": "word",
            "split": split,
            "sampling": "natural",
        }
        write_tensors(folder / f"{split}.safetensors", content, said)
    counts = {split: np.bincount(own, minlength=5).tolist() for split, own in labels.items()}
    splits = {
        split: {
            "contexts": sum(rows),
            "candidates": {word: {"rows": n} for word, n in zip(words, rows, strict=True)},
        }
        for split, rows in counts.items()
    }
    write_json(folder / "summary.json", {"splits": splits})
    drawn = {"contexts": list(range(0, 100, 2)), "checksum": "0" * 64}
    write_json(folder / "sample.json", {"natural": drawn, "balanced": drawn})
    truth = np.eye(5)[labels["test"]]
    strengths = {
        "majority": 0.0,
        "last_token": 0.9,
        "ngram": 1.0,
        "linear": 1.8,
        "linear_sparser": 1.6,
        "additive": 1.8,
        "nonlinear": 2.0,
        "best_linear": 2.1,
        "bayes": 2.3,
        "small-llama": 1.7,
    }
    paths = []
    for predictor, strength in strengths.items():
        if (predictor in ("bayes", "best_linear") and not planted) or (predictor == "small-llama" and not lm):
            continue
        noise = 0.0 if predictor == "majority" else 1.0
        scores = np.log(shares) + strength * truth + noise * random.normal(size=truth.shape)
        scores -= np.log(np.exp(scores).sum(1, keepdims=True))
        paths.append(results / "predictions" / name / f"{predictor}.parquet")
        write_predictions(paths[-1], scores, predictor=predictor, title=TITLES[predictor], candidates=words)
    out = results / "evaluation" / name
    inputs = predictions.Inputs(folder / "test.safetensors", folder / "sample.json", paths)
    predictions.evaluate_predictions(
        inputs,
        settings=Evaluation(bootstrap=100),
        groups=len(GROUPS),
        seed=0,
        outputs=predictions.Outputs(
            metrics=out / "metrics.csv",
            recall=out / "recall.csv",
            comparisons=out / "comparisons.csv",
            sample_metrics=out / "sample.csv",
            sample_comparisons=out / "sample_comparisons.csv",
        ),
    )


def _language_model(results: Path, random: np.random.Generator) -> None:
    """Answers of a language model that is too sure and does not know the shares, evaluated."""
    test, validation, answers = [], [], []
    for name, words in GROUPS.items():
        folder = results / "contexts" / name
        test.append(folder / "test.safetensors")
        validation.append(folder / "validation.safetensors")
        arrays = {}
        for question, path in (("test", test[-1]), ("validation", validation[-1])):
            labels = read_contexts(path).labels
            arrays[question] = 3 * np.eye(5)[labels] + random.normal(0, 2.5, (len(labels), 5))
            arrays[f"{question}_rows"] = np.arange(len(labels), dtype=np.int32)
        for question, change in (("end_of_word", 0.1), ("long_context", -1.0)):
            rows = np.arange(0, 600, 2, dtype=np.int32)
            arrays[question] = arrays["test"][rows] + random.normal(0, 1 + change, (len(rows), 5))
            arrays[f"{question}_rows"] = rows
        counts = {"contexts": 600, "cut": 2, "changed": 0, "spans": 3}
        check = {"rows": "trees", "checked": 16, "difference": 2e-6}
        said = {
            "predictor": "small-llama",
            "title": TITLES["small-llama"],
            "candidates": words,
            "missing": None,
        }
        answers.append(results / "causal_lms" / name / "small-llama.safetensors")
        asked = {"test": counts, "long_context": counts | {"clipped": 1}}
        said |= {"counts": asked, "checks": dict.fromkeys(asked, check), "bos": "nothing"}
        write_tensors(answers[-1], arrays, said)
    out = results / "evaluation"
    causal_lms.evaluate_causal_lms(
        causal_lms.Inputs(list(GROUPS), test, validation, answers),
        settings=Evaluation(bootstrap=100),
        seed=0,
        table=out / "causal_lms.csv",
        calibration=out / "calibration.csv",
        bins=out / "calibration_bins.csv",
        asked=out / "causal_lms_asked.csv",
    )


def _linearity(results: Path, name: str, random: np.random.Generator) -> None:
    """Answers on validation contexts, a planted interaction that was found, and the verdict."""
    contexts, out = results / "contexts" / name, results / "evaluation" / name
    labels = read_contexts(contexts / "validation.safetensors").labels
    nonlinear = results / "nonlinear" / name
    answers = {
        predictor: log_softmax(strength * np.eye(5)[labels] + random.normal(size=(len(labels), 5)))
        for predictor, strength in (("linear", 1.8), ("additive", 1.7), ("nonlinear", 2.0))
    }
    write_tensors(nonlinear / "validation.safetensors", answers, {"candidates": GROUPS[name]})
    write_json(nonlinear / "metrics.json", {"control": {"recovered": 0.8, "worth": 0.02}})
    ngram = {"ngram": log_softmax(np.eye(5)[labels] + random.normal(size=(len(labels), 5)))}
    counts = results / "counts" / name / "validation.safetensors"
    write_tensors(counts, ngram, {"candidates": GROUPS[name], "order": 3})
    judged = ("linear", "ngram", "additive", "nonlinear", "best_linear", "bayes")
    paths = [results / "predictions" / name / f"{p}.parquet" for p in judged]
    lm = results / "causal_lms" / name / "small-llama.safetensors"
    inputs = linearity.Inputs(
        *(contexts / f"{split}.safetensors" for split in ("train", "validation", "test")),
        [p for p in paths if p.is_file()],
        [lm] if lm.is_file() else [],
        [nonlinear / "validation.safetensors", counts],
        nonlinear / "metrics.json",
    )
    linearity.evaluate_linearity(
        inputs,
        settings=Evaluation(bootstrap=100),
        groups=len(GROUPS),
        seed=0,
        table=out / "linearity.csv",
        verdict=out / "linearity.json",
    )
    n = len(read_contexts(contexts / "test.safetensors"))
    sizes = {"stories": np.array([20, 40]), "contexts": np.array([60, 120]), "l1": np.array([1e-3, 1e-3])}
    losses = {
        p: np.stack([random.normal(x, 0.3, n) for x in (1.4, 1.2)]).astype(np.float32)
        for p in learning_curve.LEARNERS
    }
    curve = results / "learning" / name / "curve.safetensors"
    write_tensors(curve, sizes | losses, {"all": 80})
    learning_curve.evaluate_learning_curve(
        curve,
        inputs,
        settings=Evaluation(bootstrap=100),
        groups=len(GROUPS),
        seed=0,
        table=out / "learning_curve.csv",
        needed=out / "stories_needed.csv",
    )


def _patterns(results: Path, name: str) -> None:
    contexts, lm = results / "contexts" / name, results / "causal_lms" / name / "small-llama.safetensors"
    patterns.evaluate_patterns(
        patterns.Inputs(
            contexts / "test.safetensors",
            contexts / "validation.safetensors",
            results / "predictions" / name / "linear.parquet",
            results / "tokenizer" / "tokenizer.json",
            lm if lm.is_file() else None,
        ),
        settings=Evaluation(bootstrap=100),
        groups=len(GROUPS),
        output=results / "evaluation" / name / "patterns.csv",
    )


def _linear(results: Path, tokenizer: Any) -> None:
    weight = np.zeros((LENGTH, VOCABULARY, 5), np.float32)
    weight[-1, tokenizer.token_to_id(",")] = [-1.28, 3.6, -3.02, 1.43, -0.73]
    hostile = np.resize(tokenizer.encode(HOSTILE).ids, (5, LENGTH))
    weight[-2, hostile[:, -2]] = [0.5, 0, 0, 0, 0]
    weight[-1, tokenizer.token_to_id("Ġwas")] = [-3.59, -1.01, -0.12, 5.47, -0.75]
    for name, words in GROUPS.items():
        folder = results / "linear" / name
        content = {"weight": weight, "bias": np.zeros(5, np.float32)}
        write_tensors(folder / "weights.safetensors", content, {"candidates": words, "l1": 1e-4})
        write_json(folder / "metrics.json", {"l1": 1e-4, "nonzeros": 10, "sparser": {"nonzeros": 4}})
        row = {"train_loss": 0.4, "validation_loss": 0.5, "validation_se": 0.02, "gap": 4e-4}
        path = [
            row | {"l1": 0.01, "nonzeros": 0, "validation_loss": 0.9, "chosen": 0, "sparser": 0},
            row | {"l1": 3e-4, "validation_loss": 0.51, "nonzeros": 4, "chosen": 0, "sparser": 1},
            row | {"l1": 1e-4, "nonzeros": 10, "chosen": 1, "sparser": 0},
        ]
        write_csv(folder / "path.csv", path)
        support = {"support": np.full(weight.shape[:2], 40, np.int32)}
        write_tensors(folder / "support.safetensors", support, {"contexts": 1500, "vocabulary": VOCABULARY})
        influence = results / "evaluation" / name / "influence.parquet"
        held_out = results / "contexts" / name / "validation.safetensors"
        evaluate_influence(
            folder / "weights.safetensors",
            folder / "support.safetensors",
            held_out=held_out,
            output=influence,
        )
        names = ("spread", "sign_stability", "centred_spread")
        moved = {n: np.full_like(weight, 0.95 if "sign" in n else 0.12) for n in names}
        write_tensors(folder / "resampling.safetensors", moved, {"candidates": words, "resamples": 20})


def _training(results: Path, random: np.random.Generator) -> None:
    batch = np.arange(0, 3001, 25)
    table: dict[str, Any] = {"batch": batch.astype(np.int32)}
    for name, start, end in (
        ("train_loss", 1.6, 0.48),
        ("l1_term", 0.0, 0.12),
        ("validation_loss", 1.6, 0.58),
    ):
        smooth = end + (start - end) * np.exp(-batch / 500)
        table[name] = smooth + random.normal(0, 0.04, len(batch)) * (name != "l1_term")
        table[f"{name}_smoothed"] = smooth
    folder = results / "minibatch" / "conjunctions"
    write_table(folder / "history.parquet", pa.table(table))
    ended = {"train_loss": 0.48, "validation_loss": 0.58, "objective_gap": 0.04, "weights": 81920}
    optimum = {"objective": 0.57, "train_loss": 0.46, "validation_loss": 0.55, "nonzeros": 6332}
    write_json(folder / "metrics.json", ended | {"zeros_of_seen_features": 7, "optimum": optimum})


def _occurrence(results: Path) -> None:
    rows = []
    for group in GROUPS:
        for p, loss in (("majority", 0.9), ("linear", 0.4), ("small-llama", 0.41)):
            row = {
                "group": group,
                "predictor": p,
                "title": TITLES[p],
                "accuracy_word": 0.8,
                "loss_word": loss,
                "n_word": 600,
            }
            rows.append(
                row
                | {"accuracy_token": 0.78, "loss_token": loss + 0.05, "n_token": 640, "dropped_share": 0.04}
            )
    write_csv(results / "evaluation" / "occurrence.csv", rows)


def _planted(results: Path) -> None:
    table, rules = [], []
    for group, words in GROUPS.items():
        table.append(
            {
                "group": group,
                "contexts": 600,
                "majority_rate": 0.52,
                "bayes_loss": 0.35,
                "best_linear_loss": 0.39,
            }
            | {
                "linear_loss": 0.4,
                "gap": 0.04,
                "over_best": 0.4 / 0.39 - 1,
                "linear_rules": 6,
                "recovered": 5,
                "looked_at": 12,
                "kept": 90,
                "kept_planted": 11,
                "strongest_planted": 9,
            }
            | {"interactions_found": 2, "pairs_confirmed": 9, "pairs_planted": 8}
            | {"interactions": 2, "noise_share": 0.1, "fresh_contexts": 9000, "best_linear_l1": 1e-6}
        )
        for i in range(7):
            linear = i < 6
            rules.append(
                {
                    "group": group,
                    "kind": "linear" if linear else "interaction",
                    "words": " day" if linear else "sun with cat",
                }
                | {
                    "distances": str(1 + i) if linear else "2 and 4",
                    "positions": str(15 - i),
                    "candidate": words[i % 5],
                    "planted": 1.5,
                    "planted_centred": 1.5,
                }
                | {"weight": 1.4 if linear else None, "largest": words[(i + i // 5) % 5] if linear else None}
                | {"recovered": int(i != 5) if linear else None, "share": 0.2, "rates": None}
            )
    write_csv(results / "evaluation" / "planted.csv", table)
    write_csv(results / "evaluation" / "planted_rules.csv", rules)
