"""The rule language, low in the house: the planted corpus, the Bayes predictor and people's rules share it.

Which rules are planted is in `corpus.planted`.

Modules: `files`, `language`, `match`, `source`, `tokens`, `truth`, `write`.
"""
