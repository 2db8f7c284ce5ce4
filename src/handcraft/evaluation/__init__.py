"""Evaluation: from predictions to scores, intervals and paired comparisons. It knows nothing of how a prediction was made.

    predictions.py   accuracy and loss of every predictor of one variant, and all pairs of them
    occurrence.py    what whole-word or any-token matching changes
    data_claims.py   what raw counts say about a token before a candidate
    metrics.py, bootstrap.py, intervals.py, comparisons.py   the arithmetic of the above
    published.py     the figures that the blog post published, as data
    planted.py       the planted corpus only: which rules came back (not imported here: it fits a model)
"""

from handcraft.evaluation.data_claims import evaluate_data_claims
from handcraft.evaluation.occurrence import evaluate_occurrence
from handcraft.evaluation.predictions import evaluate_predictions

__all__ = ["evaluate_data_claims", "evaluate_occurrence", "evaluate_predictions"]
