"""The typed config: the model, reading files, generated docs and schema.

What a build does with a value is in the room that uses it.

Modules: `base`, `corpus`, `docs`, `files`, `model`, `predictors`.
"""
