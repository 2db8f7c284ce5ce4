"""What people answered, in the report: tables, the items that nobody got right, and the values that prose uses."""

from typing import Any

from handcraft.evaluation.power import POWER
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.tables import first_only, interval, pipe_table
from handcraft.report.values import Values, show

SAMPLES = ("natural", "balanced")
UNKNOWN = Markdown("not known")


def labelled_groups(results: Results) -> list[dict[str, Any]]:
    """The groups that people have labelled."""
    return [g for g in results.facts.groups if results.people(g["name"])]


def add_values(values: Values, results: Results) -> None:
    """How many people, each one's accuracy, and the chance that counts as enough."""
    groups = labelled_groups(results)
    rows = [(g["name"], r) for g in groups for r in results.people(g["name"])]
    people = {r["annotator"] for _, r in rows if r["kind"] == "person"}
    values.add("people", len(people) or None)
    values.add("power", POWER, "share", digits=0)
    for group, r in rows:
        name = f"people.{group}.{r['sample']}.{str(r['annotator']).replace(' ', '-')}"
        values.add(name, r["accuracy"], "share", digits=0, low=r["low"], high=r["high"])
        always = f"people.{group}.{r['sample']}.always"
        if not values.has(always):
            values.add(always, r["majority"], "share", digits=0)
        if r["kind"] == "vote":
            values.add(f"people.{group}.{r['sample']}.undecided", r["undecided"])


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


def table_people(results: Results, published: list[dict[str, Any]]) -> Markdown:
    """Right answers of people and predictors on both samples, and of always giving the most frequent word.

    Groups that people have labelled, or else the training group, so that the predictors' answers are seen in any case.
    `published` are the post's people, on contexts of their own.
    """
    names = [g["name"] for g in labelled_groups(results)] or [results.facts.training_group]
    rows: list[list[object]] = []
    for name in names:
        people, scored = results.people(name), results.sample(name)
        group = results.facts.group(name)
        title = group["title"] if group else name
        who = list(dict.fromkeys((str(r["annotator"]), False) for r in people))
        who += dict.fromkeys((str(r["predictor"]), True) for r in scored)
        for one, model in who:
            shown = results.facts.title_of(one) if model else Markdown(f"**{escape(one)}**")
            cells: list[object] = [title, shown]
            for sample in SAMPLES:
                table, key = (scored, "predictor") if model else (people, "annotator")
                found = next((r for r in table if r["sample"] == sample and str(r[key]) == one), None)
                cells.append(_right(found) if found else None)
                # Beside every figure of people: what one gets without reading.
                cells.append(show(found["majority"], "share", 0) if found and not model else None)
            rows.append(cells)
        for row in published if group and group["name"] == row_group(published) else []:
            right = _right({**row, "accuracy": row["value"]})
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


def table_tests(results: Results) -> Markdown:
    """Exact McNemar tests of people against predictors."""
    groups = labelled_groups(results)
    rows: list[list[object]] = []
    for g in groups:
        for r in results.people_comparisons(g["name"]):
            who = f"{r['annotator']}, {r['sample']}" + (f", {g['title']}" if len(groups) > 1 else "")
            cells = [
                show(r["only_person"]),
                show(r["only_predictor"]),
                show(r["p"], "p"),
                show(r["p_holm"], "p"),
            ]
            rows.append([who, results.facts.title_of(str(r["predictor"])), *cells, show(r["items_needed"])])
    header = ["who", "against", "only the person", "only the predictor", "p", "p (Holm)", "items needed"]
    return pipe_table(header, first_only(rows), "llrrrrr")


def table_agreement(results: Results) -> Markdown:
    """Cohen's kappa of every pair of people, Fleiss' of three and more."""
    groups = labelled_groups(results)
    rows: list[list[object]] = []
    for g in groups:
        for r in results.people_agreement(g["name"]):
            who = Markdown(
                f"{escape(r['a'])} and {escape(r['b'])}"
                if r["measure"] == "cohen"
                else f"all {show(r['people'])}"
            )
            name = Markdown("Cohen" if r["measure"] == "cohen" else "Fleiss")
            kappa = interval(r["kappa"], r["low"], r["high"], "kappa", 2)
            rows.append([g["title"], r["sample"], who, show(r["observed"], "share", 0), name, kappa])
    header: list[object] = ["group", "sample", "who", "same answer", "kappa of", "kappa"]
    return _grouped(header, rows, "lllrlr", len(groups) > 1)


def table_power(results: Results, group: str) -> Markdown:
    """What a sample can show of the differences between predictors on all test contexts."""
    title = results.facts.title_of
    rows = [
        [
            Markdown(f"{escape(title(str(r['a'])))} / {escape(title(str(r['b'])))}"),
            show(r["difference"], "share"),
            show(r["disagree"], "share"),
            show(r["chance"], "share", 0),
            show(r["items_needed"]),
        ]
        for r in results.people_power(group)
    ]
    header = ["pair", "difference", "only one right", "chance to show it", "items needed"]
    return pipe_table(header, rows, "lrrrr")


def missed_items(results: Results) -> list[dict[str, Any]]:
    """Per labelled group and sample: its titles, how many items nobody got right, and the items."""
    found = []
    for g in labelled_groups(results):
        missed, answered = results.people_missed(g["name"]), results.people(g["name"])
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
            found.append({"group": g["title"], "sample": sample, "number": show(len(items)), "items": items})
    return found


def _right(r: dict[str, Any]) -> Markdown:
    return Markdown(
        f"{show(r['correct'])} of {show(r['n'])}, {interval(r['accuracy'], r['low'], r['high'], 'share', 0)}"
    )


def _grouped(header: list[object], rows: list[list[object]], align: str, several: bool) -> Markdown:
    """The column of groups only where there are several."""
    if several:
        return pipe_table(header, first_only(rows), align)
    return pipe_table(header[1:], [row[1:] for row in rows], align[1:])
