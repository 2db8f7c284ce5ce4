"""Tables as pandoc's pipe tables, every number by way of the registry. Captions stand in the sources."""

import re
from collections.abc import Sequence

import numpy as np

from handcraft.report.escape import Markdown, escape
from handcraft.report.findings import find
from handcraft.report.results import Results
from handcraft.report.values import Values

VERDICTS = {"better": "better", "worse": "worse", "level": "not distinguishable"}


def pipe_table(header: Sequence[object], rows: Sequence[Sequence[object]], align: str) -> Markdown:
    """A pipe table; `align` has one of l, r, c a column. Cells that are not Markdown yet are escaped.

    Pandoc takes relative widths from the dashes when a line is long, so these are as wide as what is shown.
    """
    cells = [[escape(c) if c is not None else Markdown("") for c in row] for row in [header, *rows]]
    widths = [min(max(_shown_length(row[i]) for row in cells), 40) for i in range(len(align))]
    rule = {"l": ":{}-", "r": "-{}:", "c": ":{}:"}
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    dashes = "|".join(rule[a].format("-" * max(w, 1)) for a, w in zip(align, widths, strict=True))
    return Markdown("\n".join([lines[0], f"|{dashes}|", *lines[1:]]))


def _shown_length(cell: str) -> int:
    import html
    import re

    return len(html.unescape(re.sub(r"\{\.[\w-]+\}|[*\[\]]", "", cell)))


def first_only(rows: list[list[object]]) -> list[list[object]]:
    """The first cell in bold, and only where it changes."""
    shown: list[list[object]] = []
    before: object = None
    for row in rows:
        shown.append([Markdown(f"**{escape(row[0])}**") if row[0] != before else Markdown(""), *row[1:]])
        before = row[0]
    return shown


def groups(results: Results, values: Values) -> Markdown:
    """The groups: their words with their shares in training, and how many contexts."""
    rows = []
    for g in results.metadata.groups:
        counts = results.counts[g.name]
        if "train" not in counts:
            continue
        shares = counts["train"].shares
        name = f"contexts.{g.name}"
        most = int(shares.argmax())
        words = []
        for k, (word, share) in enumerate(zip(g.candidates, shares, strict=True)):
            shown = values.put(f"{name}.share.{word.strip()}", float(share), "share", digits=0)
            text = f"{escape(word.strip() or word)} {shown}"
            words.append(f"**{text}**" if k == most else text)
        found = {s: counts[s].contexts if s in counts else None for s in ("train", "test")}
        cells = [values.put(f"{name}.{split}", n) for split, n in found.items()]
        rows.append([g.title, Markdown(", ".join(words)), *cells])
    header = ["group", "words and their shares", "training contexts", "test contexts"]
    return pipe_table(header, rows, "llrr")


def scores(results: Results, values: Values) -> Markdown:
    """Accuracy and loss of every predictor in every group, with intervals; the best of a group in bold."""
    rows = []
    for g in results.metadata.groups:
        table = results.metrics[g.name]
        found = {(r["predictor"], r["metric"]): r for r in table}
        order = list(dict.fromkeys(r["predictor"] for r in table))
        for p in order:
            cells: list[object] = [g.title, results.metadata.title_of(p)]
            for metric, unit in (("accuracy", "share"), ("loss", "nats")):
                row = found.get((p, metric))
                name = f"{p}.{g.name}.{metric}"
                bounds = {"low": row["low"], "high": row["high"]} if row else {}
                cells.append(values.put(name, row["value"], unit, **bounds) if row else None)
            rows.append(cells)
    return pipe_table(["group", "predictor", "accuracy", "loss (nats)"], first_only(rows), "llrr")


RECALLED = 8
"""Words that a table of recall can show beside each other; of a group with more, `MOST_FREQUENT` are shown."""
MOST_FREQUENT = 5
NOT_RECALLED = ("majority", "linear_sparser", "additive", "best_linear")
"""Left out of the report's table: the first answers with one word always, the others are like *linear*."""
PLACES = ("first word", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def recall(results: Results, values: Values) -> Markdown:
    """Of every group a line of its words, with their test contexts, and the recall of each word by each predictor."""
    rows: list[list[object]] = []
    for g in results.metadata.groups:
        table = results.recall(g.name)
        words = shown_words(results, g.name)
        heads: list[object] = []
        for word in words:
            count = next(r["n"] for r in table if r["candidate"] == word)
            n = values.put(f"recall.{g.name}.{word.strip()}.contexts", count)
            heads.append(Markdown(f"*{escape(word.strip() or word)}* [{n}]{{.interval}}"))
        rows.append([g.title, "", *heads])
        found = {(r["predictor"], r["candidate"]): r for r in table}
        for p in dict.fromkeys(r["predictor"] for r in table):
            if p in NOT_RECALLED:
                continue
            cells: list[object] = [g.title, results.metadata.title_of(p)]
            for word in words:
                r = found[p, word]
                name, bounds = f"recall.{g.name}.{word.strip()}.{p}", {"low": r["low"], "high": r["high"]}
                cells.append(values.put(name, r["value"], "share", digits=0, **bounds))
            rows.append(cells)
    columns = max((len(row) for row in rows), default=2)
    rows = [[*row, *[""] * (columns - len(row))] for row in rows]
    header = ["group", "predictor", *PLACES[: columns - 2]]
    return pipe_table(header, first_only(rows), "ll" + "r" * (columns - 2))


def shown_words(results: Results, group: str) -> list[str]:
    """The words of a group whose recall is shown, the most frequent in training first."""
    counts, found = results.counts[group].get("train"), results.metadata.group(group)
    if counts is None or found is None:
        return []
    words = [found.candidates[k] for k in np.argsort(-counts.of, kind="stable")]
    return words if len(words) <= RECALLED else words[:MOST_FREQUENT]


def recall_range(results: Results, values: Values, predictor: str, group: str) -> dict[str, Markdown] | None:
    """The words that a predictor finds most and least often, of those shown, and how often; None if not known."""
    words = shown_words(results, group)
    rows = [r for r in results.recall(group) if r["predictor"] == predictor and r["candidate"] in words]
    known = [r for r in rows if r["value"] is not None]
    if len({r["value"] for r in known}) < 2:
        return None
    found: dict[str, Markdown] = {}
    for end, choose in (("most", max), ("least", min)):
        r = choose(known, key=lambda row: float(row["value"]))
        word, bounds = r["candidate"].strip(), {"low": r["low"], "high": r["high"]}
        name = re.sub(r"\s+", "-", f"recall.{group}.{word}.{predictor}")
        values.put(name, r["value"], "share", digits=0, **bounds)
        found |= {end: escape(word), f"{end}_share": values.within(name)}
    return found


def paired(results: Results, values: Values, a: str, b: str, metric: str = "loss") -> Markdown:
    """`a` minus `b` in every group, with the paired interval and the verdict by it."""
    rows = []
    for g in results.metadata.groups:
        f = find(results.comparisons[g.name], a, b, metric)
        if f is not None:
            unit = "nats" if metric == "loss" else "share"
            verdict = Markdown(VERDICTS[f.verdict])
            name = f"difference.{a}.{b}.{g.name}.{metric}"
            difference = values.put(name, f.difference, unit, low=f.low, high=f.high)
            rows.append([g.title, difference, verdict])
    return pipe_table(["group", f"difference in {metric}", "verdict"], rows, "lrl")


def sample_pairs(results: Results, values: Values, variant: str) -> Markdown:
    """Exact McNemar tests on the samples."""
    title = results.metadata.title_of
    rows: list[list[object]] = []
    for r in results.sample_comparisons(variant):
        pair = Markdown(f"{escape(title(r['a']))} / {escape(title(r['b']))}")
        name = f"mcnemar.{variant}.{r['sample']}.{r['a']}.{r['b']}"
        cells = [values.put(f"{name}.{k}", r[k]) for k in ("only_a", "only_b")]
        cells += [values.put(f"{name}.{k}", r[k], "p") for k in ("p", "p_holm")]
        rows.append([r["sample"], pair, *cells])
    header = ["sample", "pair", "only the first right", "only the second", "p", "p (Holm)"]
    return pipe_table(header, first_only(rows), "llrrrr")


def tokens(results: Results, values: Values) -> Markdown:
    """Beside each weight of the tiles: how far the draw of stories moves it, and the counts that it rests on."""
    rows: list[list[object]] = []
    for one in results.claims.get("tokens", []):
        weights, moved = results.weights.get(one["token"], {}), results.stability.get(one["token"], {})
        for c in one["candidates"]:
            word = c["candidate"]
            cells: list[object] = [
                Markdown(f"“{escape(one['token'].strip() or one['token'])}”"),
                word.strip() or word,
            ]
            name = f"token.{results.slug(one['token'])}.{word.strip()}"
            weight = values.put(f"{name}.weight", weights.get(word), "logit")
            zero = results.raw_weights.get(one["token"], {}).get(word) == 0
            if word in moved and not zero:
                spread = values.put(f"{name}.spread", moved[word][0], "nats", digits=2)
                weight = Markdown(f"{weight} [± {spread}]{{.interval}}")
            cells.append(weight)
            if moved:
                # The sign of a weight of zero is that of the others' mean.
                same = moved[word][1] if word in moved and not zero else None
                cells.append(values.put(f"{name}.same_sign", same, "share", digits=0))
            cells.append(values.put(f"{name}.contexts", c["contexts"]))
            shares = ("share_of_candidate", "share_of_token")
            rows.append([*cells, *(values.put(f"{name}.{k}", c[k], "share") for k in shares)])
    header = ["last token", "word", "weight (nats)", "same sign", "contexts"]
    if not results.stability:
        header.remove("same sign")
    header += ["share of the word", "share of the token"]
    return pipe_table(header, first_only(rows), "ll" + "r" * (len(header) - 2))


def sparsity(results: Results, values: Values) -> Markdown:
    """Of every group the chosen penalty and the sparser choice: weights that are left, and what that costs."""
    rows: list[list[object]] = []
    for g in results.metadata.groups:
        losses = {r["predictor"]: r for r in results.metrics[g.name] if r["metric"] == "loss"}
        path = results.path[g.name]
        for mark, predictor in (("chosen", "linear"), ("sparser", "linear_sparser")):
            test = losses.get(predictor)
            for r in path:
                if not r[mark]:
                    continue
                name = f"{predictor}.{g.name}"
                held = values.put(f"{name}.validation_loss", r["validation_loss"], "nats")
                error = values.put(f"{name}.validation_se", r["validation_se"], "nats")
                cells: list[object] = [g.title, results.metadata.title_of(predictor)]
                cells += [values.put(f"{name}.l1", r["l1"], "significant", digits=2)]
                cells += [values.put(f"{name}.nonzeros", r["nonzeros"])]
                cells += [Markdown(f"{held} [± {error}]{{.interval}}")]
                rows.append([*cells, values.put(f"{name}.loss", test["value"], "nats") if test else None])
    header = ["group", "choice", "penalty", "weights left", "validation loss", "test loss"]
    return pipe_table(header, first_only(rows), "llrrrr")


def occurrence(results: Results, values: Values) -> Markdown:
    """What whole words or any token as the occurrence changes."""
    rows: list[list[object]] = []
    titles = {g.name: g.title for g in results.metadata.groups}
    for r in results.occurrence:
        title, name = escape(titles.get(r["group"], r["group"])), f"occurrence.{r['group']}"
        if r["dropped_share"] is not None:
            dropped = values.put(f"{name}.dropped", r["dropped_share"], "share")
            title = Markdown(f"{title} [{dropped} dropped]{{.interval}}")
        cells: list[object] = [title, results.metadata.title_of(r["predictor"])]
        for match in ("word", "token"):
            for metric, unit in (("accuracy", "share"), ("loss", "nats")):
                key = f"{metric}_{match}"
                cells.append(values.put(f"{name}.{r['predictor']}.{key}", r[key], unit))
        rows.append(cells)
    header = ["group", "predictor", "accuracy, word", "loss, word", "accuracy, token", "loss, token"]
    return pipe_table(header, first_only(rows), "llrrrr")
