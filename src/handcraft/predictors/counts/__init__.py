"""Predictors that count: class rates, rates after the last token, n-grams.

What is optimised is in `linear`.

Modules: `last_token`, `majority`, `ngram`.
"""
