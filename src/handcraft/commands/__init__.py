"""One module a command of `handcraft`, each with `add_options` and `run`.

Logic that a step of the workflow needs too lives in its own room.

Modules: `check_config`, `check_html`, `check_pdf`, `compare`, `example`, `explain`, `main`, `plan`,
`propose`, `rules`, `schema`, `verify`, `verify_build`, `verify_planted`.
"""
