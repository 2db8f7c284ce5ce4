"""Predictors made of rules: the best possible one on the planted corpus, and those of people's rule files.

The rule language is in `handcraft.rules`.

Modules: `bayes`, `fit`, `people`.
"""
