"""Fills the sources in `report/` with computed values: what Quarto, or Pandoc, then renders."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from handcraft.figures.pipeline import plot_pipeline
from handcraft.files import write_json, write_text
from handcraft.report.check import check_filled, check_shown, check_sources, check_values
from handcraft.report.collect import collect_values
from handcraft.report.content import template_names
from handcraft.report.context import Context
from handcraft.report.made import Made
from handcraft.report.results import Metadata, Results
from handcraft.report.template import fill_template, make_environment

BUILD_RECORD = "_build_record.md"
PLACEHOLDER = (
    "Times, host, commit and versions are put in here when the report is rendered by the workflow.\n"
)


def fill_report(
    results: Path, sources: Path, *, metadata: Metadata, ends: Iterable[str] | None = None, output: Path
) -> None:
    """Write to the directory `output` the sources of the report with all values in them, and its figures.

    `results` is the directory of the artifacts, `sources` that of the .qmd files, `metadata` what the config says,
    `ends` the artifacts behind which the jobs of this report stand (all jobs on record where None). The same artifacts
    give the same bytes; `_build_record.md`, which differs between builds, is only a placeholder here
    (`write_build_record` fills it). values.json lists all values.
    Raises `UserError` on a result typed by hand, an unknown or unused value, a dead reference or link, a figure
    without alt text, a figure or table that does not say how it was made, a figure that was drawn and is not shown.
    """
    check_sources(sources)
    found = Results(results, metadata)
    values = collect_values(found)
    ends = None if ends is None else list(ends)
    made = Made(results / "provenance", ends, found.metadata.code)
    drawn = [*map(Path, ends)] if ends is not None else sorted((results / "figures").glob("*.svg"))
    figures = [path for path in drawn if path.parent.name == "figures" and path.is_file()]
    context = Context(found, values, results / "figures", made)
    environment = make_environment(sources)
    filled = {}
    for source in sorted([*sources.glob("*.qmd"), *sources.glob("*.yml")]):
        filled[source.name] = fill_template(environment, source, template_names(context))

    if output.exists():
        shutil.rmtree(output)
    output.mkdir(parents=True)
    for other in sorted(sources.rglob("*")):
        name = other.relative_to(sources)
        if other.is_file() and str(name) not in filled and not other.name.startswith("."):
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(other, output / name)
    for figure in figures:
        (output / "figures").mkdir(exist_ok=True)
        shutil.copyfile(figure, output / "figures" / figure.name)
    if context.pipeline:
        plot_pipeline(
            made.counts(),
            made.edges(),
            rooms=found.metadata.rooms,
            output=output / "figures" / "pipeline.svg",
        )
    for file, text in filled.items():
        write_text(output / file, text)
    write_text(output / BUILD_RECORD, PLACEHOLDER)
    write_json(output / "values.json", values.as_dict())
    check_values(sources, values)
    check_filled(output)
    # Of a language model that is missing the sources show no figure.
    answered = {row["predictor"] for row in found.language_models}
    missing = {f"calibration-{lm}.svg" for lm in found.metadata.language_models if lm not in answered}
    check_shown(output, [path.name for path in figures if path.name not in missing])
