"""Draws figures from artifacts, one module a figure.

Nothing reads data out of a module here: what is computed is in `analysis`.

Modules: `calibration`, `comparison`, `evidence`, `learning_curve`, `linearity`, `opening`, `overview`, `pairs`, `path`,
`penalty`, `people`, `pipeline`, `rules_curve`, `strips`, `style`, `tiles`, `training`, `weights`.
"""
