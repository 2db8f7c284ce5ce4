"""The explorer as one HTML file that works from disk, and as the part of it that the report takes in.

The template (`template/`) is filled with one inert block of JSON a group, and one for the tokenizer; the page reads a
block when its group is first looked at. The page's own policy lets nothing run and nothing load but the style and the
script whose hashes it states.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.explorer.data import GroupFiles, group_data, read_pairs
from handcraft.explorer.tokenizer_data import tokenizer_data
from handcraft.files import write_text
from handcraft.pages import fill_template, inert_json, policy_hash, read_parts

TEMPLATE = Path(__file__).parent / "template"
SCRIPTS = ("tokenizer.js", "model.js", "draw.js", "map.js", "pairs.js", "others.js", "page.js")
BEGIN, END = "<!-- explorer -->", "<!-- end of explorer -->"
"""What stands between them in the page is the part that the report takes in."""
PLACE = "<!-- the explorer stands here -->"
"""What the report has in its place until it is rendered."""

LARGEST = 3 * 2**20
"""Bytes that the page may have for five groups; each group beyond them adds a fifth."""


@dataclass(frozen=True)
class About:
    """What the page says of the build: the report's `title`, how the `corpus` is called, whether contexts of it may be
    shown (`excerpts`), and a `sentence` of the config's own to begin with (empty where there is none)."""

    title: str
    corpus: str
    excerpts: bool = True
    sentence: str = ""


def template_files() -> list[Path]:
    """The files that the page is made of."""
    return [TEMPLATE / name for name in ("page.html", "part.html", "page.css", "part.css", *SCRIPTS)]


def build_explorer(
    groups: Mapping[str, GroupFiles],
    tokenizer: Path,
    *,
    titles: Sequence[str],
    about: About,
    output: Path,
) -> None:
    """Write the page that shows the linear models of `groups` (by name, in order, with their `titles`).

    Without `about.excerpts` no context of the corpus is in it.
    `UserError` where the page is larger than `LARGEST` allows: every reader of the report would have to load it.
    """
    blocks: list[dict[str, Any]] = [
        {"name": name, "title": shown, "data": _group(files, shown, about)}
        for (name, files), shown in zip(groups.items(), titles, strict=True)
    ]
    page = _page(blocks, tokenizer_data(tokenizer), about)
    _check_size(page, {b["name"]: len(inert_json(b["data"])) for b in blocks}, output)
    write_text(output, page)


def _check_size(page: str, sizes: Mapping[str, int], output: Path) -> None:
    allowed = LARGEST * max(len(sizes), 5) // 5
    size = len(page.encode())
    if size > allowed:
        largest = max(sizes, key=lambda name: sizes[name])
        raise UserError(
            f"the explorer's page would have {size / 2**20:.1f} MB, more than the {allowed / 2**20:.1f} MB that "
            f"{len(sizes)} groups may have; the largest group is {largest}",
            where=str(output),
            remedy="raise predictors.linear.smallest, so that fewer weights are left, or build with fewer groups",
        )


def put_into_report(report: Path, explorer: Path) -> None:
    """Put the part of the page `explorer` where the rendered page `report` has its place, if it has one."""
    text = report.read_text(encoding="utf-8")
    if PLACE not in text:
        return
    page = explorer.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise UserError(
            "this is not the explorer's page",
            where=str(explorer),
            remedy="delete the file and run snakemake again; it is rebuilt",
        )
    part = page[page.index(BEGIN) + len(BEGIN) : page.index(END)]
    write_text(report, text.replace(PLACE, part, 1))


def _group(files: GroupFiles, title: str, about: About) -> dict[str, Any]:
    own = group_data(files, title=title, excerpts=about.excerpts)
    return own | {"sentence": about.sentence, "pairs": read_pairs(files.pairs) if files.pairs else []}


def _page(blocks: Sequence[Mapping[str, Any]], tokenizer: Mapping[str, Any], about: About) -> str:
    from markupsafe import Markup

    base, style = (read_parts(TEMPLATE, [name]) for name in ("page.css", "part.css"))
    script = "const explorer = (() => {\n" + read_parts(TEMPLATE, SCRIPTS) + "\nreturn api;\n})();\n"
    values: dict[str, Any] = {
        "title": about.title,
        "corpus": about.corpus,
        "base": Markup(base),
        "style": Markup(style),
        "script": Markup(script),
        "style_hashes": [policy_hash(base), policy_hash(style)],
        "script_hash": policy_hash(script),
        "tokenizer": Markup(inert_json(tokenizer)),
        "groups": [{**block, "data": Markup(inert_json(block["data"]))} for block in blocks],
        "begin": Markup(BEGIN),
        "end": Markup(END),
    }
    return fill_template(
        TEMPLATE / "page.html", values | {"part": Markup(fill_template(TEMPLATE / "part.html", values))}
    )
