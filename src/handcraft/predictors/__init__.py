"""Predictors: each turns contexts into log-probabilities over the group's candidates.

All write the one predictions artifact (`predictions.py`) for the same test contexts; evaluation knows
nothing of how a prediction was made. Adding one is one module and one rule.
"""
