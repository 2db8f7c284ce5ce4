"""A filled report of made-up artifacts, and what it renders to without Quarto."""

from pathlib import Path

import pytest

from handcraft.report.fill import fill_report
from handcraft.report.render import render_html, render_pdf
from tests.helpers.synthetic import make_results, metadata


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def real_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As if of a real corpus: no planted rules, no causal language model."""
    return make_results(tmp_path_factory.mktemp("real"), planted=False, lm=False)


@pytest.fixture(scope="session")
def source(results: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("filled") / "source"
    fill_report(results, root / "report", output=output, metadata=metadata())
    return output


@pytest.fixture(scope="session")
def page(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("html") / "index.html"
    render_html(source, output=output, renderer="pandoc")
    return output


@pytest.fixture(scope="session")
def pdf(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("pdf") / "index.pdf"
    render_pdf(source, output=output, renderer="pandoc")
    return output
