"""From filled sources to HTML and PDF: by Quarto, or by Pandoc and Typst from Python (docs/rendering.md)."""

import html
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handcraft.errors import UserError
from handcraft.explorer.page import put_into_report
from handcraft.files import whole_file
from handcraft.logging import say
from handcraft.report.quarto import render_by_quarto
from handcraft.report.renderer import Choice, Renderer, choose_renderer, pandoc_path, require_planned

BUILD_RECORD = "_build_record.md"
READER = "markdown"
_INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.MULTILINE)


def render_html(
    source: Path,
    *,
    output: Path,
    build_record: Path | None = None,
    renderer: Renderer | Choice = "auto",
    explorer: Path | None = None,
) -> None:
    """Render the filled sources to one self-contained HTML file.

    `build_record` replaces `_build_record.md`. `renderer` is the one that was planned, or a value of `report.renderer`.
    The sources themselves are left as they are. `explorer` is the page whose part goes where the sources have its
    place: after rendering, since no renderer needs to read its data. Raises `UserError` where the renderer is not there
    or not the planned one, and where it fails or warns; `output` is then not written.
    """
    with _copied(source, build_record) as project:
        chosen = _chosen(renderer)
        if chosen.name == "quarto":
            made = render_by_quarto(project, "html")
        else:
            made = project / "index.html"
            assets = project / "_pandoc"
            options = ["--to=html5", "--standalone", "--embed-resources", "--mathml", f"--output={made}"]
            options += [f"--template={assets / 'page.html'}", "--toc", "--toc-depth=2", "--section-divs"]
            _pandoc(project, chosen, [*options, "--email-obfuscation=none"])
        if explorer is not None:
            put_into_report(made, explorer)
        _deliver(made, output)


def render_pdf(
    source: Path, *, output: Path, build_record: Path | None = None, renderer: Renderer | Choice = "auto"
) -> None:
    """Render the filled sources to PDF, by Typst either way; arguments and errors as for `render_html`."""
    with _copied(source, build_record) as project:
        chosen = _chosen(renderer)
        if chosen.name == "quarto":
            made = render_by_quarto(project, "typst")
        else:
            import typst

            text, made = project / "index.typ", project / "index.pdf"
            assets = project / "_pandoc"
            _pandoc(
                project,
                chosen,
                ["--to=typst", "--standalone", f"--template={assets / 'page.typ'}", f"--output={text}"],
            )
            try:
                # A fixed time stamp and Typst's own fonts: the same bytes on every machine.
                typst.compile(text, output=made, root=project, ignore_system_fonts=True, timestamp=0)
            except typst.TypstError as error:
                raise UserError(f"Typst cannot set the report: {error}", where=str(source)) from error
        _deliver(made, output)


def _chosen(renderer: Renderer | Choice) -> Renderer:
    """The renderer to use, checked; the log and the terminal say so where it only stands in for Quarto."""
    if isinstance(renderer, Renderer):
        require_planned(renderer)
    else:
        renderer = choose_renderer(renderer)
    say(f"rendering with {renderer.sentence()}", on_terminal=bool(renderer.reason))
    return renderer


@contextmanager
def _copied(source: Path, build_record: Path | None) -> Iterator[Path]:
    """The sources in a directory of their own, since renderers leave files beside what they read."""
    if not (Path(source) / "index.qmd").is_file():
        raise UserError(
            "there is no index.qmd to render", where=str(source), remedy="run snakemake: fill_report makes it"
        )
    with tempfile.TemporaryDirectory(prefix="handcraft-report-") as directory:
        project = Path(directory) / "report"
        shutil.copytree(source, project)
        if build_record is not None:
            shutil.copyfile(build_record, project / BUILD_RECORD)
        yield project


def _deliver(made: Path, output: Path) -> None:
    with whole_file(output) as partial:
        shutil.copyfile(made, partial)


def _pandoc(project: Path, renderer: Renderer, options: list[str]) -> None:
    """Pandoc on index.qmd with its includes put in, and the filters for what Quarto adds."""
    text = put_includes(project, (project / "index.qmd").read_text(encoding="utf-8"))
    (project / "index.md").write_text(text, encoding="utf-8")
    command = [pandoc_path(), "index.md", f"--from={READER}", "--fail-if-warnings", *options]
    command += [
        "--lua-filter=_pandoc/shared.lua",
        "--lua-filter=_pandoc/house.lua",
        "--lua-filter=_pandoc/tables.lua",
        "--citeproc",
        "--bibliography=references.bib",
    ]
    command += ["--number-sections", "--syntax-highlighting=none", "--metadata=link-citations:true"]
    command += [f"--metadata=renderer:{renderer.sentence()}"]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    if done.returncode:
        raise UserError(
            f"pandoc could not render the report:\n{html.unescape(done.stderr)[-2000:]}",
            where="report/",
            remedy="fix the source that pandoc names; the filters are report/_pandoc/*.lua",
        )


def put_includes(project: Path, text: str, depth: int = 0) -> str:
    """`text` with the files of the directory `project` in place of Quarto's include shortcodes (a line each)."""
    if depth > 5:
        raise UserError("includes go round in a circle", where=str(project / "index.qmd"))

    def put(match: re.Match[str]) -> str:
        path = project / match.group(1)
        if not path.is_file():
            raise UserError(f"the include {match.group(1)} is missing", where=str(project / "index.qmd"))
        return put_includes(project, path.read_text(encoding="utf-8"), depth + 1)

    return _INCLUDE.sub(put, text)
