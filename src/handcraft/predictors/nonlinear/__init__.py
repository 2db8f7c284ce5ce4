"""The non-linear predictor: the exact linear model plus a small network over the same inputs.

Modules: `control`, `folds`, `network`, `predict`, `train`.
"""
