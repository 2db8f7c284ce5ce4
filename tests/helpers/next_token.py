"""What a build has of the one-layer model and of n-gram models, made up, for tests of the report."""

from pathlib import Path

from handcraft.evaluation.next_token import COLUMNS
from handcraft.figures.next_token import plot_next_token
from handcraft.files import write_csv

LOSSES = {
    "ngram": [5.1, 2.3, 1.7, 1.6, 1.59],
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
    plot_next_token(table, output=results / "figures" / "next_token.svg")
