"""What a report must not have: a typed result, a dead reference, a figure that nobody can see or trace, markup."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from handcraft.errors import UserError
from handcraft.report.template import named_values, typed_in_expressions
from handcraft.report.values import Values

# What may hold digits without being a result: front matter, code, templates' own expressions, citation keys,
# attributes, addresses, shortcodes, HTML entities, comments.
_NOT_PROSE = re.compile(
    r"""\A---\n.*?\n---\n | ```.*?``` | `[^`\n]*` | <%.*?%> | <<.*?>> | <\#.*?\#> | <!--.*?--> | \{\{<.*?>\}\}
      | \{[^{}\n]*\} | \$\$.*?\$\$ | \$[^$\n]+\$ | https?://\S+ | -?@[\w:.-]+ | \]\([^)\n]*\) | &\#?\w+;""",
    re.DOTALL | re.VERBOSE,
)
# Of what is left out there, this is read by people all the same: alt texts and titles, and code that is a bare number.
_READ = re.compile(r"""(?:fig-alt|title)="([^"]*)"|`([^`\n]*)`""")
_BARE_NUMBER = re.compile(r"[-+−]?[\d.,]+\s?%?")
_REFERENCE = re.compile(r"(?<![\w&#;])@((?:fig|tbl|sec|eq)-[\w-]+)")
_LABEL = re.compile(r"\{#((?:fig|tbl|sec|eq)-[\w-]+)")
_CITATION = re.compile(r"(?<![\w&#;\\])-?@([A-Za-z][\w:-]*)")
_FIGURE = re.compile(r"!\[[^\n]*?\]\(([^)\s]+)\)(\{[^}\n]*\})?")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_ANCHOR = re.compile(r"\{[^{}\n]*#([\w-]+)")


def check_sources(sources: Path) -> None:
    """Refuse a digit typed into the prose or the captions of the sources: every number is computed.

    Raises `UserError` that lists file, line and digits. A decimal inside a template's expression is refused too.
    """
    faults = []
    for path in sorted(Path(sources).glob("*.qmd")):
        text = path.read_text(encoding="utf-8")
        for line, digits in sorted({*_typed(text), *typed_in_expressions(path)}):
            faults.append(f"{path.name}:{line}: {digits}")
    if faults:
        raise UserError(
            "numbers typed by hand in the report's sources:\n" + "\n".join(f"  - {f}" for f in faults),
            where=str(sources),
            remedy='take it from the registry, << v("linear.conjunctions.loss") >>, or, if the post published it, '
            'from << published("llama_loss") >>',
        )


def _typed(text: str) -> Iterator[tuple[int, str]]:
    # Line numbers stay right because what is taken out leaves its line ends.
    prose = _NOT_PROSE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    for number, line in enumerate(prose.split("\n"), 1):
        for match in re.finditer(r"\S*\d\S*", line):
            yield number, match.group()
    bare = re.sub(r"<[<%#].*?[>%#]>", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.DOTALL)
    for match in _READ.finditer(bare):
        shown, code = match.groups()
        if (shown and re.search(r"\d", shown)) or (code and _BARE_NUMBER.fullmatch(code.strip())):
            yield bare.count("\n", 0, match.start()) + 1, match.group()


def check_values(sources: Path, values: Values) -> None:
    """Refuse a value that was registered and that neither a table shows nor any source names, on whatever branch."""
    named = [p for path in sorted(Path(sources).glob("*.qmd")) for p in named_values(path)]
    if unused := values.unused(named):
        raise UserError(
            "values of the report that nothing uses:\n" + "\n".join(f"  - {name}" for name in unused),
            where="handcraft/report",
            remedy="name them in a sentence of report/*.qmd, or do not register them",
        )


def check_filled(source: Path) -> None:
    """Refuse filled sources with a dead cross-reference, citation or include, an unlabelled or missing figure, a
    figure without alt text, or what a template left behind. Raises `UserError` that lists them all."""
    source = Path(source)
    texts = {p.name: p.read_text(encoding="utf-8") for p in sorted(source.glob("*.qmd"))}
    faults: list[str] = []
    anchors = {anchor for text in texts.values() for anchor in _ANCHOR.findall(text)}
    labels = [label for text in texts.values() for label in _LABEL.findall(text)]
    faults += [
        f"the label {name} stands twice" for name in sorted({x for x in labels if labels.count(x) > 1})
    ]
    keys = set(re.findall(r"^@\w+\{([^,\s]+),", _read(source / "references.bib"), re.MULTILINE))
    for name, text in texts.items():
        bare = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for reference in _REFERENCE.findall(bare):
            if reference not in labels:
                faults.append(f"{name}: @{reference} refers to nothing")
        for citation in _CITATION.findall(bare):
            if not re.match(r"(fig|tbl|sec|eq)-", citation) and citation not in keys:
                faults.append(f"{name}: @{citation} is not in references.bib")
        for include in re.findall(r"\{\{< include (\S+) >\}\}", text):
            if not (source / include).is_file():
                faults.append(f"{name}: the include {include} is missing")
        for image, attributes in _FIGURE.findall(bare):
            alt = re.search(r'fig-alt="([^"]*)"', attributes)
            if alt is None or not alt.group(1).strip():
                faults.append(f"{name}: the figure {image} has no fig-alt")
            if not (source / image).is_file():
                faults.append(f"{name}: the figure {image} is missing")
        for target in _LINK.findall(bare):
            # A state of the explorer, and no place in the text.
            if target.startswith("#group="):
                continue
            if target.startswith("#") and target[1:] not in anchors:
                faults.append(f"{name}: the link {target} leads nowhere")
            elif not re.match(r"#|https://", target) and not (source / target).is_file():
                faults.append(
                    f"{name}: the link {target} leads to no file of the report and no https address"
                )
        faults += [f"{name}: @{label} does not say how it was made: no how(...)" for label in _unmade(bare)]
        if left := re.search(r"<<|>>|<%|%>", bare):
            faults.append(f"{name}: {left.group()!r} was left by a template")
    if faults:
        raise UserError(
            "the filled report is not sound:\n" + "\n".join(f"  - {f}" for f in faults),
            where=str(source),
            remedy="fix the sources in report/",
        )


def check_shown(source: Path, figures: Sequence[str]) -> None:
    """Raise `UserError` where a figure (a file name) that the build made is in none of the filled sources."""
    text = "".join(map(_read, sorted(source.glob("*.qmd"))))
    for name in figures:
        if f"figures/{name})" not in text:
            raise UserError(
                f"the figure {name} was drawn, and no section of the report shows it",
                where="report/*.qmd",
                remedy=f"show figures/{name} in a section, or remove it from the inputs of fill_report in "
                "workflow/rules/report.smk",
            )


def _unmade(text: str) -> list[str]:
    """Labels of figures and tables that no block of provenance follows, before the next label or heading."""
    parts = re.split(r"\{#((?:fig|tbl)-[\w-]+)[^}\n]*\}", text)
    return [
        label
        for label, after in zip(parts[1::2], parts[2::2], strict=True)
        if ".how-made" not in re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0]
    ]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
