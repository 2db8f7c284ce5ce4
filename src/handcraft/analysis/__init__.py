"""Looks inside models and data: what weights do, where the evidence lies, what was planted and what came back.

Scores of predictions are in `evaluation`, drawings in `figures`.

Modules: `best_linear`, `data_claims`, `evidence`, `find_rules`, `first_rules`, `influence`, `last_position`,
`learning_curve`, `missed`, `one_layer/`, `opening`, `pairs`, `path`, `planted`, `planted_proposals`,
`proposals`, `published`, `published_weights`, `rule_search`, `rules`, `score_rules`, `shown`, `stability`,
`strongest`, `unpenalised`, `write_proposals`.
"""
