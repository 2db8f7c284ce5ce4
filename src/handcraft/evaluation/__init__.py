"""Scores predictions: accuracy, loss, calibration, intervals, paired comparisons.

Knows nothing of how a prediction was made; what looks inside a model is in `analysis`.

Modules: `bootstrap`, `calibration`, `causal_lms`, `comparisons`, `intervals`, `learning_curve`, `linearity`, `metrics`,
`next_token`, `occurrence`, `pairs`, `patterns`, `predictions`, `rules_curve`.
"""
