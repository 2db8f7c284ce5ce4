"""The section on how the report was made: command, config, pipeline, what was not run."""

from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.sections.language_models import missing_models


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    return {
        "not_run": lambda: not_run(context),
        "config_lines": lambda: config_lines(context.metadata.config_text),
        "pipeline": context.pipeline,
    }


def not_run(context: Context) -> list[Markdown]:
    """What the question asks for and this build does not have."""
    metadata, missing = context.metadata, []
    models = {metadata.title_of(m) for m in metadata.language_models}
    seed_model = context.published["llama_loss"]["title"].split(":")[0]
    if not any(seed_model in m for m in models):
        missing.append(Markdown(f"{escape(seed_model)}, the post's baseline: this config does not ask it"))
    missing += [
        Markdown(f"{escape(m['title'])}: {escape(m['what'])}") for m in missing_models(context.results)
    ]
    if not metadata.human_labels:
        missing.append(Markdown("people: nobody has labelled contexts of this corpus"))
    if metadata.planted:
        missing.append(Markdown("real text: the corpus is made up"))
    if metadata.device == "cpu":
        missing.append(Markdown("a GPU: everything ran on the CPU"))
    missing.append(Markdown("a one-layer transformer, and rules written by hand: not built yet"))
    return missing


def config_lines(text: str) -> Markdown:
    """The config as a line block of pandoc, where every character is text."""
    return Markdown(
        "\n".join(f"| {' ' * (len(x) - len(x.lstrip()))}{escape(x.strip())}" for x in text.splitlines())
    )
