"""The L1-penalised linear model: features, solver, certificate, training, resampling.

What looks at finished weights is in `analysis`.

Modules: `certificate`, `descent`, `full`, `minibatch`, `newton`, `onehot`, `predict`, `resample`, `solver`,
`train`, `verify`.
"""
