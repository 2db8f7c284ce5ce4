"""A predictor and a figure, added as docs/extending.md says: the stated files and no other; both are in the report."""

from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout

MODULE = '''"""The same probability for every word."""

from pathlib import Path

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.math import normalise
from handcraft.predictions import write_predictions


def predict_toy(test: Path, *, title: str, output: Path) -> None:
    """Write equal log-probabilities for every context of `test`."""
    contexts = read_contexts(test)
    values = normalise(np.zeros((len(contexts), len(contexts.candidates))))
    write_predictions(output, values, predictor="toy", title=title, candidates=contexts.candidates)
'''
ADAPTER = """from handcraft.build.jobs import job
from handcraft.predictors.counts.toy import predict_toy

with job(snakemake) as (inputs, outputs, params):
    predict_toy(inputs.test, title=params.title, output=outputs.predictions)
"""
RULE = '''

rule predict_toy:
    """The same probability for every word."""
    input:
        test="results/contexts/{variant}/test.safetensors",
    output:
        predictions="results/predictions/{variant}/toy.parquet",
    log:
        "logs/predict_toy/{variant}.log",
    params:
        code=script_hash("predict_toy.py"),
        title=hooks.TITLES["toy"],
    script:
        "../scripts/predict_toy.py"
'''
ROW = '''    Predictor(
        id="toy",
        title="toy",
        colour="#AA3377",
        marker="<",
        sentence="The same probability for every word.",
    ),
)
"""In the order'''
FIGURE = '''"""How many training contexts each group has."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.figures.style import WIDTH, house_style, save_svg
from handcraft.files import read_json


def plot_toy(summaries: Sequence[Path], *, output: Path) -> None:
    """Draw one bar a group."""
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(WIDTH, 2), layout="constrained")
        figure.subplots().bar(range(len(summaries)), [len(read_json(path)) for path in summaries])
        save_svg(figure, output)
'''
FIGURE_ADAPTER = """from handcraft.build.jobs import job
from handcraft.figures.toy import plot_toy

with job(snakemake) as (inputs, outputs, params):
    plot_toy(inputs.summaries, output=outputs.figure)
"""
FIGURE_RULE = '''

rule plot_toy:
    """How many training contexts each group has."""
    input:
        summaries=expand("results/contexts/{group}/summary.json", group=cfg.groups),
    output:
        figure="results/figures/toy.svg",
    log:
        "logs/plot_toy.log",
    params:
        code=script_hash("plot_toy.py"),
    script:
        "../scripts/plot_toy.py"
'''
SECTION = """

![Training contexts of every group.](figures/toy.svg){#fig-toy fig-alt="A bar for every group"}

<<how("plot_toy", "figures/toy.svg")>>
"""


def write(checkout: Checkout, file: str, text: str) -> None:
    (checkout.path / file).write_text(text)


def append(checkout: Checkout, file: str, text: str) -> None:
    path = checkout.path / file
    path.write_text(path.read_text().rstrip() + text)


def add_predictor(checkout: Checkout) -> None:
    write(checkout, "src/handcraft/predictors/counts/toy.py", MODULE)
    write(checkout, "workflow/scripts/predict_toy.py", ADAPTER)
    append(checkout, "workflow/rules/predictors.smk", RULE)
    checkout.edit("src/handcraft/registry.py", ')\n"""In the order', ROW)


def add_figure(checkout: Checkout) -> None:
    write(checkout, "src/handcraft/figures/toy.py", FIGURE)
    write(checkout, "workflow/scripts/plot_toy.py", FIGURE_ADAPTER)
    append(checkout, "workflow/rules/figures.smk", FIGURE_RULE)
    checkout.edit("workflow/rules/report.smk", "    output:\n        source=", TAKEN)
    append(checkout, "report/_results.qmd", SECTION)


TAKEN = """        toy="results/figures/toy.svg",
    output:
        source="""


def test_a_predictor_and_a_figure_by_the_docs(built: Checkout, root: Path) -> None:
    page = (root / "docs" / "extending.md").read_text()
    for named in (
        "src/handcraft/registry.py",
        "predictors.smk",
        "workflow/scripts/",
        "figures.smk",
        "report.smk",
    ):
        assert named in page, "docs/extending.md names every file that is edited"
    add_predictor(built)
    add_figure(built)
    built.snakemake("results/report/source")
    source = built.path / "results" / "report" / "source"
    assert "The same probability for every word." in (source / "_predictors.qmd").read_text()
    assert "toy" in (source / "_results.qmd").read_text()
    assert (source / "figures" / "toy.svg").is_file()


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("src/handcraft/registry.py", ROW, ')\n"""In the order', "src/handcraft/registry.py"),
        ("workflow/rules/predictors.smk", RULE.strip(), "", "workflow/rules/predictors.smk"),
        ("workflow/rules/report.smk", '        toy="results/figures/toy.svg",\n', "", "input of fill_report"),
    ],
)
def test_what_is_left_out_is_named(built: Checkout, file: str, old: str, new: str, place: str) -> None:
    add_predictor(built)
    add_figure(built)
    built.edit(file, old, new)
    if file == "src/handcraft/registry.py":  # the rule asks for its title first
        built.edit("workflow/rules/predictors.smk", 'hooks.TITLES["toy"]', '"toy"')
    assert place in built.snakemake("--dry-run", expect=1)


def test_a_missing_adapter_or_section_is_named(built: Checkout) -> None:
    add_predictor(built)
    add_figure(built)
    built.edit("report/_results.qmd", SECTION.strip(), "")
    assert "toy.svg" in built.snakemake("results/report/source", expect=1)
    (built.path / "workflow" / "scripts" / "predict_toy.py").unlink()
    assert "predict_toy.py" in built.snakemake("--dry-run", expect=1)
