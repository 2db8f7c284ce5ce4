"""The report: prose with computed values in it, and its rendering.

Import from the modules: a job is stale when a module that it imports changes, so nothing is gathered here.

Modules: `browser`, `check`, `check_html`, `check_pdf`, `collect`, `content`, `context`, `escape`, `fill`, `findings`,
`made`, `on_paper`, `pdf_words`, `quarto`, `record`, `render`, `renderer`, `results`, `sections/`, `sentences`,
`tables`, `template`, `values`.
"""
