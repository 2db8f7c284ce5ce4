"""The report: prose with computed values in it, and its rendering.

    escape.py    the one filter that text of the corpus and of the config passes
    values.py    the registry of computed values, which prose draws its numbers from
    results.py   reads the artifacts; what is absent is None or empty
    findings.py  better, worse, or not distinguishable: chosen by the paired interval
    tables.py, published.py, planted.py, language_models.py    tables, as pandoc has them
    people.py    people beside the predictors, and what so few items can tell
    content.py   what the sources can draw on
    fill.py      Jinja2 over `report/`, giving the sources that Quarto or Pandoc renders
    check.py     no typed result, no dead reference, no figure without alt text
    facts.py     the one file that differs between two builds
    render.py    HTML and PDF, by Quarto, or by Pandoc and Typst

Import from the modules: a job is stale when a module that it imports changes, so nothing is gathered here.

Modules: `check`, `collect`, `content`, `escape`, `facts`, `fill`, `findings`, `groups`, `influence`,
`language_models`, `made`, `people`, `planted`, `published`, `render`, `results`, `tables`, `template`,
`tiles`, `values`, `weights`.
"""
