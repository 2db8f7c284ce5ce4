"""Evaluation: from predictions to scores, intervals and paired comparisons.

It knows nothing of how a prediction was made.

    predictions.py   accuracy and loss of every predictor of one variant, and all pairs of them
    occurrence.py    what whole-word or any-token matching changes
    data_claims.py   what raw counts say about a token before a candidate
    samples.py       the fixed samples that people answer, too
    metrics.py, bootstrap.py, intervals.py, comparisons.py, agreement.py, power.py   the arithmetic of the above
    published.py     the figures that the blog post published, as data
    planted.py       the planted corpus only: which rules came back

Import from the modules: a job is stale when a module that it imports changes, so nothing is gathered here.
"""
