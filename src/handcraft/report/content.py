"""The names that the sources see: those that all share, then those of every section."""

from typing import Any

from handcraft.report import sections
from handcraft.report.context import Context
from handcraft.report.escape import join
from handcraft.report.sections.published import shown
from handcraft.report.sentences import by_verdict, compared, tile_in_post, tile_weights, tiles_in_short


def template_names(context: Context) -> dict[str, Any]:
    """The variables and functions of the templates; a name that two sections give is an error."""
    metadata = context.metadata
    names: dict[str, Any] = {
        "metadata": metadata,
        "planted": metadata.planted,
        "baseline": metadata.baseline if context.has_baseline() else None,
        "baseline_title": metadata.title_of(metadata.baseline) if metadata.baseline else None,
        "v": context.values,
        "within": context.values.within,
        "has": context.values.has,
        "words": lambda items: join([w.strip() or w for w in items]),
        "join": join,
        "published": lambda name: shown(context.published_row(name), context.values),
        "blog_model": context.published["llama_loss"]["title"].split(":")[0],
        "finding": context.finding,
        "compared": compared,
        "by_verdict": by_verdict,
        "tile_weights": tile_weights,
        "tile_in_post": tile_in_post,
        "tiles_in_short": tiles_in_short,
        "sort_groups": context.sort_groups,
        "figure": context.figure,
        "how": context.made.how,
    }
    for section in sections.ALL:
        own = section.names(context)
        if twice := names.keys() & own.keys():
            raise ValueError(f"{section.__name__} gives names that are taken: {', '.join(sorted(twice))}")
        names |= own
    return names
