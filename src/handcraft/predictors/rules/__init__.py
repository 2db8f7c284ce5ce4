"""Predictors made of rules: the best possible one on the planted corpus.

The rule language is in `handcraft.rules`.

Modules: `bayes`.
"""
