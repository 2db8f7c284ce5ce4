"""Looks inside models and data: what weights do, where the evidence lies, what was planted and what came back.

Scores of predictions are in `evaluation`, drawings in `figures`.

Modules: `best_linear`, `data_claims`, `evidence`, `first_rules`, `influence`, `last_position`,
`learning_curve`, `one_layer/`, `opening`, `pairs`, `path`, `planted`, `published`, `published_weights`,
`shown`, `stability`, `strongest`, `unpenalised`.
"""
