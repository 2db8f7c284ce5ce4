"""The report: prose with computed values in it, and its rendering.

    escape.py    the one filter that text of the corpus and of the config passes
    values.py    the registry of computed values, which prose draws its numbers from
    results.py   reads the artifacts; what is absent is None
    findings.py  better, worse, or not distinguishable: chosen by the paired interval
    tables.py, published.py    tables, as pandoc has them
    content.py   what the sources can draw on
    fill.py      Jinja2 over `report/`, giving the sources that Quarto or Pandoc renders
    check.py     no typed result, no dead reference, no figure without alt text
    facts.py     the one file that differs between two builds
    render.py    HTML and PDF, by Quarto, or by Pandoc and Typst
"""

from handcraft.report.facts import write_build_facts
from handcraft.report.fill import fill_report
from handcraft.report.render import render_html, render_pdf

__all__ = ["fill_report", "render_html", "render_pdf", "write_build_facts"]
