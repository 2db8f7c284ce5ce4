"""The non-linear predictor: the exact linear model plus a small network over the same inputs.

Modules: `folds`, `network`, `predict`, `train`.
"""
