"""Predictors that count: class rates, rates after the last token, n-grams, also of all next tokens.

What is optimised is in `linear`.

Modules: `last_token`, `majority`, `next_token`, `ngram`.
"""
