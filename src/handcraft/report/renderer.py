"""Which renderer makes the report: Quarto where one can be used, else Pandoc and Typst from their Python packages."""

import importlib.metadata
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handcraft.errors import UserError
from handcraft.report.quarto import quarto_version

Choice = Literal["auto", "quarto", "pandoc"]
"""The values of `report.renderer`."""


@dataclass(frozen=True)
class Renderer:
    """A renderer as planned.

    It is a param of the rules that render, so it holds nothing of the machine but versions.
    """

    name: Literal["quarto", "pandoc"]
    versions: str
    """`Quarto 1.9.38`, or `Pandoc 3.9 and Typst 0.15.2`."""
    reason: str = ""
    """Why it is not Quarto, where the config leaves the choice (`auto`); otherwise empty."""

    def sentence(self) -> str:
        """`Pandoc 3.9 and Typst 0.15.2, because no quarto is on PATH`, for the colophon and the log."""
        return f"{self.versions}, because {self.reason}" if self.reason else self.versions


def choose_renderer(choice: Choice, in_container: bool = False) -> Renderer:
    """The renderer for `report.renderer`, with the versions on this machine; Quarto is run once at most.

    in_container: the jobs run in a container image, whose programs cannot be seen from here. Raises `UserError` for
    `quarto` where it cannot be used.
    """
    if choice == "pandoc":
        return Renderer("pandoc", _pandoc_versions())
    try:
        if in_container:
            raise UserError(
                "jobs run in a container, where Quarto is not looked for",
                where="config: report.renderer",
                remedy="set it to auto or pandoc, or build without --software-deployment-method apptainer",
            )
        return Renderer("quarto", f"Quarto {quarto_version()}")
    except UserError as error:
        if choice == "quarto":
            raise
        return Renderer("pandoc", _pandoc_versions(), error.what)


def require_planned(planned: Renderer) -> None:
    """Raise `UserError` if this process finds another renderer than the one that was planned.

    A job can see other programs than the process that planned it: in a container, on another machine, or because
    Quarto was upgraded meanwhile. To use what is there would leave a page that its record does not describe, and that
    is not rebuilt when the planned renderer is back.
    """
    versions = f"Quarto {quarto_version()}" if planned.name == "quarto" else _pandoc_versions()
    if versions != planned.versions:
        raise UserError(
            f"this job finds {versions}, but Snakemake planned it with {planned.versions}",
            remedy="run the build again; if the job runs on another machine or in a container, install the same "
            "version there or set report.renderer to pandoc",
        )


def pandoc_path() -> str:
    """The Pandoc of the Python package, or where it brings none, one on PATH.

    `pypandoc` by itself takes the newest of the two, so that the page would depend on what else is installed.
    """
    import pypandoc

    bundled = Path(pypandoc.__file__).with_name("files") / "pandoc"
    try:
        return str(bundled) if bundled.is_file() else str(pypandoc.get_pandoc_path())
    except OSError as error:
        raise UserError(
            "there is no Pandoc", remedy="install the packages of requirements.lock: `make install`"
        ) from error


def _pandoc_versions() -> str:
    path = pandoc_path()
    try:
        printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(
            f"Pandoc cannot be run ({error})",
            where=path,
            remedy="install the packages of requirements.lock again",
        ) from error
    pandoc = printed.split("\n")[0].split()[-1]
    return f"Pandoc {pandoc} and Typst {importlib.metadata.version('typst')}"
