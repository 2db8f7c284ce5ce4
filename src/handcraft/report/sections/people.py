"""What people answered, in the report: tables, the items that nobody got right, and the values that prose uses."""

import re
from typing import Any

from handcraft.errors import UserError
from handcraft.people.power import POWER
from handcraft.report import tables
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results, VariantMetadata
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values

SAMPLES = ("natural", "balanced")
UNKNOWN = Markdown("not known")


def labelled_groups(results: Results) -> list[VariantMetadata]:
    """The groups that people have labelled."""
    return [g for g in results.metadata.groups if results.people(g.name)]


def add_values(values: Values, results: Results) -> None:
    """How many people, each one's accuracy, and the chance that counts as enough."""
    groups = labelled_groups(results)
    rows = [(g.name, r) for g in groups for r in results.people(g.name)]
    people = {r["annotator"] for _, r in rows if r["kind"] == "person"}
    values.add("people", len(people) or None)
    values.add("power", POWER, "share", digits=0)
    for group, r in rows:
        if r["kind"] == "person" and r["sample"] == "natural" and group == results.metadata.training_group:
            name = f"people.{group}.natural.{str(r['annotator']).replace(' ', '-')}"
            values.add(name, r["accuracy"], "share", digits=0, low=r["low"], high=r["high"])
            if not values.has(f"people.{group}.natural.always"):
                values.add(f"people.{group}.natural.always", r["majority"], "share", digits=0)


def scores(values: Values, results: Results, group: str) -> list[Markdown]:
    """`74% (60 to 84%) for alice`, for everybody who answered the natural sample."""
    return [
        Markdown(f"{values.within(f'people.{group}.natural.{name}')} for {escape(name)}")
        for name in (
            str(r["annotator"])
            for r in results.people(group)
            if r["sample"] == "natural" and r["kind"] == "person"
        )
    ]


def table_people(results: Results, values: Values, published: list[dict[str, Any]]) -> Markdown:
    """Right answers of people and predictors on both samples, and of always giving the most frequent word.

    Groups that people have labelled, or else the training group, so that the predictors' answers are seen in any case.
    `published` are the post's people, on contexts of their own.
    """
    names = [g.name for g in labelled_groups(results)] or [results.metadata.training_group]
    rows: list[list[object]] = []
    for name in names:
        people, scored = results.people(name), results.sample(name)
        group = results.metadata.group(name)
        title = group.title if group else name
        who = list(dict.fromkeys((str(r["annotator"]), False) for r in people))
        who += dict.fromkeys((str(r["predictor"]), True) for r in scored)
        for one, model in who:
            shown = results.metadata.title_of(one) if model else Markdown(f"**{escape(one)}**")
            cells: list[object] = [title, shown]
            for sample in SAMPLES:
                table, key = (scored, "predictor") if model else (people, "annotator")
                found = next((r for r in table if r["sample"] == sample and str(r[key]) == one), None)
                own = f"sample.{name}.{sample}.{one}" if model else f"people.{name}.{sample}.{one}"
                cells.append(_right(values, own, found) if found else None)
                # Beside every figure of people: what one gets without reading.
                always = f"people.{name}.{sample}.always"
                most = found["majority"] if found and not model else None
                cells.append(values.put(always, most, "share", digits=0) if most is not None else None)
            rows.append(cells)
        for row in published if group and group.name == row_group(published) else []:
            right = _right(values, f"published.{row['name']}", {**row, "accuracy": row["value"]})
            one = f"{escape(row['title'].split(':')[0])} *(published, other contexts)*"
            rows.append([title, Markdown(one), right, UNKNOWN, None, None])
    header: list[object] = [
        "group",
        "who answers",
        "natural sample",
        "majority",
        "balanced sample",
        "majority",
    ]
    return _grouped(header, rows, "llrrrr", len(names) > 1)


def row_group(published: list[dict[str, Any]]) -> str | None:
    """The group that the published figures are about."""
    return published[0]["group"] if published else None


def table_tests(results: Results, values: Values) -> Markdown:
    """Exact McNemar tests of people against predictors."""
    groups = labelled_groups(results)
    rows: list[list[object]] = []
    for g in groups:
        for r in results.people_comparisons(g.name):
            who = f"{r['annotator']}, {r['sample']}" + (f", {g.title}" if len(groups) > 1 else "")
            name = f"people.{g.name}.{r['sample']}.{r['annotator']}.against.{r['predictor']}"
            cells = [values.put(f"{name}.{k}", r[k]) for k in ("only_person", "only_predictor")]
            cells += [values.put(f"{name}.{k}", r[k], "p") for k in ("p", "p_holm")]
            cells.append(values.put(f"{name}.items_needed", r["items_needed"]))
            rows.append([who, results.metadata.title_of(str(r["predictor"])), *cells])
    header = ["who", "against", "only the person", "only the predictor", "p", "p (Holm)", "items needed"]
    return pipe_table(header, first_only(rows), "llrrrrr")


def table_agreement(results: Results, values: Values) -> Markdown:
    """Cohen's kappa of every pair of people, Fleiss' of three and more."""
    groups = labelled_groups(results)
    rows: list[list[object]] = []
    for g in groups:
        for r in results.people_agreement(g.name):
            pair = r["measure"] == "cohen"
            key = (
                f"agreement.{g.name}.{r['sample']}.{'.'.join([str(r['a']), str(r['b'])]) if pair else 'all'}"
            )
            everybody = Markdown("") if pair else values.put(f"{key}.people", r["people"])
            who = Markdown(f"{escape(r['a'])} and {escape(r['b'])}" if pair else f"all {everybody}")
            observed = values.put(f"{key}.observed", r["observed"], "share", digits=0)
            kappa = values.put(f"{key}.kappa", r["kappa"], "kappa", low=r["low"], high=r["high"])
            rows.append([g.title, r["sample"], who, observed, "Cohen" if pair else "Fleiss", kappa])
    header: list[object] = ["group", "sample", "who", "same answer", "kappa of", "kappa"]
    return _grouped(header, rows, "lllrlr", len(groups) > 1)


def table_power(results: Results, values: Values, group: str) -> Markdown:
    """What a sample can show of the differences between predictors on all test contexts."""
    title = results.metadata.title_of
    rows: list[list[object]] = []
    for r in results.people_power(group):
        name = f"power.{group}.{r['a']}.{r['b']}"
        pair = Markdown(f"{escape(title(str(r['a'])))} / {escape(title(str(r['b'])))}")
        cells = [values.put(f"{name}.{k}", r[k], "share") for k in ("difference", "disagree")]
        cells.append(values.put(f"{name}.chance", r["chance"], "share", digits=0))
        rows.append([pair, *cells, values.put(f"{name}.items_needed", r["items_needed"])])
    header = ["pair", "difference", "only one right", "chance to show it", "items needed"]
    return pipe_table(header, rows, "lrrrr")


def missed_items(results: Results, values: Values) -> list[dict[str, Any]]:
    """Per labelled group and sample: its titles, how many items nobody got right, and the items."""
    found = []
    for g in labelled_groups(results):
        missed, answered = results.people_missed(g.name), results.people(g.name)
        for sample in SAMPLES:
            if not any(r["sample"] == sample for r in answered):
                continue
            items = [
                {
                    "text": i["text"].strip(),
                    "answer": i["answer"].strip() or i["answer"],
                    "said": ", ".join(f"{who}: {w.strip() or w}" for who, w in sorted(i["said"].items())),
                }
                for i in missed.get(sample, [])
            ]
            number = values.put(f"people.{g.name}.{sample}.missed", len(items))
            found.append({"group": g.title, "sample": sample, "number": number, "items": items})
    return found


def _right(values: Values, name: str, r: dict[str, Any]) -> Markdown:
    right, n = values.put(f"{name}.correct", r["correct"]), values.put(f"{name}.n", r["n"])
    share = values.put(name, r["accuracy"], "share", digits=0, low=r["low"], high=r["high"])
    return Markdown(f"{right} of {n}, {share}")


def _grouped(header: list[object], rows: list[list[object]], align: str, several: bool) -> Markdown:
    """The column of groups only where there are several."""
    if several:
        return pipe_table(header, first_only(rows), align)
    return pipe_table(header[1:], [row[1:] for row in rows], align[1:])


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    published = [row for row in context.published.values() if row["correct"] is not None]
    return {
        "table_people": lambda: table_people(results, values, published),
        "table_people_tests": lambda: table_tests(results, values),
        "table_agreement": lambda: table_agreement(results, values),
        "table_power": lambda: table_power(results, values, metadata.training_group),
        "missed_items": lambda: missed_items(results, values),
        "table_sample_pairs": lambda: tables.sample_pairs(results, values, metadata.training_group),
        "people_scores": lambda: scores(values, results, metadata.training_group),
        "labelled": [g.title for g in labelled_groups(results)],
        "has_agreement": any(results.people_agreement(g.name) for g in labelled_groups(results)),
        "has_vote": any(r["kind"] == "vote" for g in metadata.groups for r in results.people(g.name)),
        "has_power": bool(results.people_power(metadata.training_group)),
        "has_sample": bool(results.sample(metadata.training_group)),
        "label_path": label_path(metadata.corpus.name),
    }


def label_path(corpus: str) -> Markdown:
    """Where a label file goes. The name of the corpus is one that the config has checked."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", corpus):
        raise UserError(f"{corpus!r} cannot be part of a path", where="config: corpus.name")
    return Markdown(f"`human/labels/{corpus}/<group>/<name>.csv`")
