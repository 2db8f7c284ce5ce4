"""Everything that answers contexts with log-probabilities, a room a family.

The artifact they all write is `handcraft.predictions`; scoring is in `evaluation`.

Modules: `causal_lm/`, `counts/`, `linear/`, `nonlinear/`, `one_layer/`, `rules/`.
"""
