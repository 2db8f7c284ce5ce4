"""Fills the sources in `report/` with computed values: what Quarto, or Pandoc, then renders."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from handcraft.errors import UserError
from handcraft.files import write_json, write_text
from handcraft.report.check import check_filled, check_sources
from handcraft.report.content import Content, collect_values
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Facts, Results

BUILD_FACTS = "_build_facts.md"
_ALONE = re.compile(r"\s*(<%((?!%>).)*%>\s*)+$")
PLACEHOLDER = (
    "Times, host, commit and versions are put in here when the report is rendered by the workflow.\n"
)


def fill_report(results: Path, sources: Path, output: Path, facts: Mapping[str, Any]) -> None:
    """Write to the directory `output` the sources of the report with all values in them, and its figures.

    `results` is the directory of the artifacts, `sources` that of the .qmd files, `facts` what the config says (the
    fields of `handcraft.report.results.Facts`). The same artifacts give the same bytes; `_build_facts.md`, which
    differs between builds, is only a placeholder here (`write_build_facts` fills it). values.json lists all values.
    Raises `UserError` on a result typed by hand, an unknown value, a dead reference, a figure without alt text.
    """
    results, sources, output = Path(results), Path(sources), Path(output)
    check_sources(sources)
    found = Results(results, Facts(**facts))
    values = collect_values(found)
    content = Content(found, values, results / "figures")
    environment = _environment(sources)
    filled = {}
    for source in sorted([*sources.glob("*.qmd"), *sources.glob("*.yml")]):
        filled[source.name] = _fill(environment, source, content.names())

    if output.exists():
        shutil.rmtree(output)
    output.mkdir(parents=True)
    for other in sorted(sources.rglob("*")):
        name = other.relative_to(sources)
        if other.is_file() and str(name) not in filled and not other.name.startswith("."):
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(other, output / name)
    # By name: figures of an earlier config may still lie there.
    drawn = ["training", "comparison", *(f"tiles-{slug}" for slug in found.facts.tiles)]
    drawn += ["people"] if found.facts.human_labels else []
    for stem in drawn + [f"calibration-{lm}" for lm in found.facts.language_models]:
        figure = results / "figures" / f"{stem}.svg"
        if figure.is_file():
            (output / "figures").mkdir(exist_ok=True)
            shutil.copyfile(figure, output / "figures" / figure.name)
    for file, text in filled.items():
        write_text(output / file, text)
    write_text(output / BUILD_FACTS, PLACEHOLDER)
    write_json(output / "values.json", values.as_dict())
    check_filled(output)


class _Sources(jinja2.FileSystemLoader):
    """A tag alone on its line leaves no line; a tag at the end of a sentence leaves the line's end."""

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        text, name, fresh = super().get_source(environment, template)
        lines = [
            line if _ALONE.match(line) else re.sub(r"[-+]?%>$", "+%>", line) for line in text.split("\n")
        ]
        return "\n".join(lines), name, fresh


def _environment(sources: Path) -> jinja2.Environment:
    """Delimiters that clash with neither Quarto's shortcodes nor pandoc's or Typst's syntax."""
    environment = jinja2.Environment(
        loader=_Sources(sources),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    # For the YAML of the front matter, where a title is a quoted string that pandoc reads as Markdown.
    environment.filters["yaml"] = lambda text: Markdown(json.dumps(escape(text), ensure_ascii=False))
    return environment


def _finalize(x: Any) -> Any:
    """What we did not write as Markdown is escaped, always; nothing is printed as `None`."""
    if isinstance(x, jinja2.Undefined):
        return x  # which raises, and says its name
    if x is None or isinstance(x, bool | float | dict | list):
        raise UserError(
            f"a template prints a bare {type(x).__name__}",
            where="report/*.qmd",
            remedy="print text, v(name) or number(x); guard what may be absent with <% if %>",
        )
    return escape(x)


def _fill(environment: jinja2.Environment, source: Path, names: Mapping[str, Any]) -> str:
    try:
        return environment.get_template(source.name).render(names)
    except jinja2.TemplateSyntaxError as error:
        where = f"report/{error.name or source.name}:{error.lineno}"
        raise UserError(f"the template cannot be read: {error.message}", where=where) from error
    except jinja2.UndefinedError as error:
        remedy = "correct the name; handcraft/report/content.py lists all"
        raise UserError(
            f"an undefined name: {error.message}", where=f"report/{source.name}", remedy=remedy
        ) from error
