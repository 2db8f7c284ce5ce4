"""Draws figures from artifacts, one module a figure.

Nothing reads data out of a module here: what is computed is in `analysis`.

Modules: `calibration`, `comparison`, `decision`, `evidence`, `learning_curve`, `linearity`, `next_token`,
`opening`, `overview`, `pairs`, `path`, `penalty`, `people`, `pipeline`, `rules_curve`, `strips`, `style`,
`suffix_rules`, `tail`, `tiles`, `training`, `weights`.
"""
