"""The one-layer language model: one transformer block over the positional vocabulary, trained on all tokens.

What looks inside it is in `analysis`.

Modules: `model`, `muon`, `predict`, `read`, `shape`, `train`.
"""
