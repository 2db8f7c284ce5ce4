"""The sources as templates: how they are read, what they name, and what is typed into their expressions."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from handcraft.errors import UserError
from handcraft.report.escape import Markdown, escape

_ALONE = re.compile(r"\s*(<%((?!%>).)*%>\s*)+$")
ASKING = ("v", "within", "has")
"""The functions of the templates that take names of values."""
PRINTING = ("join", "words")
"""Those that print what they are given."""


class _Sources(jinja2.FileSystemLoader):
    """A tag alone on its line leaves no line; a tag at the end of a sentence leaves the line's end."""

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        text, name, fresh = super().get_source(environment, template)
        return _with_line_ends(text), name, fresh


def _with_line_ends(text: str) -> str:
    return "\n".join(
        line if _ALONE.match(line) else re.sub(r"[-+]?%>$", "+%>", line) for line in text.split("\n")
    )


def make_environment(sources: Path) -> jinja2.Environment:
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
    if x is None or isinstance(x, bool | int | float | dict | list):
        raise UserError(
            f"a template prints a bare {type(x).__name__}",
            where="report/*.qmd",
            remedy="print text or v(name); guard what may be absent with <% if %>",
        )
    return escape(x)


def fill_template(environment: jinja2.Environment, source: Path, names: Mapping[str, Any]) -> str:
    """One source with its values in it. Raises `UserError` on a template that cannot be read or an unknown name."""
    try:
        return environment.get_template(source.name).render(names)
    except jinja2.TemplateSyntaxError as error:
        raise _unreadable(error, source) from error
    except jinja2.UndefinedError as error:
        remedy = "correct the name; handcraft/report/content.py lists all"
        raise UserError(
            f"an undefined name: {error.message}", where=f"report/{source.name}", remedy=remedy
        ) from error


def named_values(source: Path) -> list[re.Pattern[str]]:
    """What a source asks the registry for, on any of its branches: a pattern for each v(...), within(...), has(...).

    In `v("linear." ~ group ~ ".loss")` what is not written out may be anything.
    """
    tree = _parse(source)
    calls = [c for c in tree.find_all(nodes.Call) if getattr(c.node, "name", None) in ASKING]
    return [re.compile(_pattern(argument)) for call in calls for argument in call.args]


def typed_in_expressions(source: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every number, or text with a digit, that an expression would print as it stands.

    What is handed to a function (a name, a path) or compared is no print.
    """
    for output in _parse(source).find_all(nodes.Output):
        for printed in output.nodes:
            for constant in _printed(printed):
                if re.search(r"\d", str(constant.value)):
                    yield constant.lineno, str(constant.value)


def _printed(node: nodes.Node) -> Iterator[nodes.Const]:
    if isinstance(node, nodes.Const):
        yield node
    elif isinstance(node, nodes.CondExpr):
        yield from _printed(node.expr1)
        if node.expr2 is not None:
            yield from _printed(node.expr2)
    elif isinstance(node, nodes.Filter) and node.node is not None:
        yield from _printed(node.node)
    elif isinstance(node, nodes.Call):
        if getattr(node.node, "name", None) in PRINTING:
            for argument in node.args:
                yield from _printed(argument)
    elif not isinstance(node, nodes.TemplateData | nodes.Getitem | nodes.Getattr | nodes.Compare):
        for child in node.iter_child_nodes():
            yield from _printed(child)


def _pattern(node: nodes.Node) -> str:
    if isinstance(node, nodes.Const):
        return re.escape(str(node.value))
    if isinstance(node, nodes.Concat):
        return "".join(_pattern(part) for part in node.nodes)
    return ".+"


def _parse(source: Path) -> nodes.Template:
    try:
        return make_environment(source.parent).parse(_with_line_ends(source.read_text(encoding="utf-8")))
    except jinja2.TemplateSyntaxError as error:
        raise _unreadable(error, source) from error


def _unreadable(error: jinja2.TemplateSyntaxError, source: Path) -> UserError:
    where = f"report/{error.name or source.name}:{error.lineno}"
    return UserError(f"the template cannot be read: {error.message}", where=where)
