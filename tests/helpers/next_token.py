"""What a build has of the one-layer model, its parts, and n-gram models, made up, for tests of the report."""

from pathlib import Path

from handcraft.analysis.one_layer.skip_trigrams import COLUMNS as SKIP_TRIGRAMS
from handcraft.analysis.one_layer.suffix_rules import CURVE, RULES
from handcraft.analysis.one_layer.tail import LAW, PARTS, TAIL
from handcraft.evaluation.next_token import COLUMNS
from handcraft.figures.decision import plot_decision
from handcraft.figures.next_token import plot_next_token
from handcraft.figures.suffix_rules import plot_suffix_rules
from handcraft.figures.tail import plot_tail
from handcraft.files import write_csv, write_json

LOSSES = {
    "ngram": [5.1, 2.3, 1.7, 1.6, 1.59],
    "linear": [2.0],
    "main": [1.5],
    "seed-2": [1.49],
    "no-mlp": [1.7],
    "mixed": [1.48],
}


def write_next_token(results: Path) -> None:
    """The table of next tokens, its figure, and the training of the model."""
    rows = [
        {
            "predictor": predictor,
            "order": i + 1 if predictor == "ngram" else 5 if predictor == "mixed" else None,
            "loss": loss,
            "low": loss - 0.01,
            "high": loss + 0.01,
            "bits_per_byte": loss / 3,
            "accuracy": None if predictor == "mixed" else 0.5 - loss / 20,
            "difference": None if loss == 1.59 else loss - 1.59,
            "difference_low": None if loss == 1.59 else loss - 1.6,
            "difference_high": None if loss == 1.59 else loss - 1.58,
            "agreement": None if predictor in ("main", "mixed") else 0.7,
            "weight": 0.8 if predictor == "mixed" else None,
            "n": 5000,
            "stories": 100,
        }
        for predictor, losses in LOSSES.items()
        for i, loss in enumerate(losses)
    ]
    table = results / "evaluation" / "next_token.csv"
    write_csv(table, rows, COLUMNS)
    training = {"step": 20, "windows": 2560, "loss": 1.6, "validation_loss": 1.7, "validation_last": 1.5}
    write_csv(results / "one_layer" / "main.training.csv", [training], tuple(training))
    path = {
        "l1": 1e-5,
        "windows": 900,
        "validation_loss": 2.0,
        "nonzeros": 900,
        "weights": 10_000,
        "chosen": 1,
    }
    write_csv(results / "full_linear" / "path.csv", [path], tuple(path))
    plot_next_token(table, output=results / "figures" / "next_token.svg")
    _write_parts(results)


def _write_parts(results: Path) -> None:
    """What `find_skip_trigrams`, `evaluate_tail` and `open_decision` write, and the figures of it."""
    folder = results / "evaluation" / "one_layer"
    claim = {"head": 1, "source": "␣in", "last": "␣the", "output": "␣park", "claimed": 0.2, "ablated": 1.8, "low": 1.6,
             "high": 2.0, "came_true": 9.0, "control": -0.1, "probability": 0.02, "seen": 900, "contexts": 300,
             "stories": 90, "distance": 5, "example": "he <b> swam $in$ the"}  # fmt: skip
    false = claim | {
        "source": "|",
        "output": "{x}",
        "ablated": 0.01,
        "low": -0.01,
        "high": 0.02,
        "came_true": 0.05,
    }
    write_csv(folder / "skip_trigrams.csv", [claim, false], SKIP_TRIGRAMS)
    tail = [
        {"kind": kind, "size": size, "share": share, "share_low": share - 0.01, "share_high": share + 0.01,
         "loss": 2.5 - share, "low": 2.4 - share, "high": 2.6 - share, "missing": 1 - share,
         "missing_low": 0.99 - share, "missing_high": 1.01 - share}
        for kind in ("neurons", "neurons_any", "reads", "reads_any")
        for size, share in {0: 0.0, 1: 0.2, 2: 0.4, 5: 0.6, 10: 0.8, 20: 0.95, 40: 1.0}.items()
    ]  # fmt: skip
    write_csv(folder / "tail.csv", tail, TAIL)
    law = [
        {"kind": kind, "kept": 40, "exponent": 0.31, "exponent_low": 0.3, "exponent_high": 0.32, "cutoff": 12.0,
         "cutoff_low": 11.0, "cutoff_high": 13.0, "fit": 0.97, "half": 5, "most": 20, "half_any": 20}
        for kind in ("neurons", "reads")
    ]  # fmt: skip
    write_csv(folder / "law.csv", law, LAW)
    added = {"loss_added": 0.02, "low": 0.01, "high": 0.03}
    words = {"active": 0.3, "after": "␣she . |", "reads": "␣and", "writes": "␣was <b>", "against": None}
    parts = [{"part": "head 1", "kind": "head", "head": 1} | added,
             {"part": "neuron 7", "kind": "neuron", "neuron": 7} | added | words]  # fmt: skip
    write_csv(folder / "parts.csv", parts, PARTS)
    decision = {"tokens": ["␣she", "␣was"], "output": "␣so", "rival": "␣not", "came": None, "probability": 0.4,
                "rival_probability": 0.2, "bias": 0.1, "direct": -0.2, "reads": [0.3, 0.1], "others": 0.09,
                "neurons": [{"neuron": 7, "value": 0.3031, "writes": ["␣so", "$"]}], "total": 0.6931}  # fmt: skip
    write_json(folder / "decision.json", decision)
    curve = [
        {"size": size, "agreement": a, "agreement_low": a - 0.01, "agreement_high": a + 0.01, "accuracy": a / 2,
         "accuracy_low": a / 2 - 0.01, "accuracy_high": a / 2 + 0.01, "n": 900, "stories": 90}
        for size, a in {1: 0.1, 100: 0.4, 700: 0.6}.items()
    ]  # fmt: skip
    write_csv(folder / "suffix_curve.csv", curve, CURVE)
    rules = [{"step": 1, "after": "", "output": ".", "gain": 90, "seen": 900},
             {"step": 2, "after": "␣a |", "output": "<b>", "gain": 9, "seen": 30}]  # fmt: skip
    write_csv(folder / "suffix_rules.csv", rules, RULES)
    plot_suffix_rules(folder / "suffix_curve.csv", output=results / "figures" / "suffix_rules.svg")
    plot_tail(folder / "tail.csv", folder / "law.csv", output=results / "figures" / "tail.svg")
    plot_decision(folder / "decision.json", output=results / "figures" / "decision.svg")
