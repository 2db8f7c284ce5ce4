"""Tables as pandoc's pipe tables, every number by way of the registry. Captions stand in the sources."""

from collections.abc import Sequence

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


def score_name(predictor: str, group: str, view: str, metric: str) -> str:
    """`linear.conjunctions.loss`, `linear.conjunctions.balanced.loss`."""
    return ".".join([predictor, group, *([] if view == "natural" else [view]), metric])


def scores(results: Results, values: Values, view: str) -> Markdown:
    """Accuracy and loss of every predictor in every group, with intervals; the best of a group in bold."""
    rows = []
    for g in results.metadata.groups:
        table = [r for r in results.metrics[g.name] if r["view"] == view]
        found = {(r["predictor"], r["metric"]): r for r in table}
        order = list(dict.fromkeys(r["predictor"] for r in table))
        for p in order:
            cells: list[object] = [g.title, results.metadata.title_of(p)]
            for metric, unit in (("accuracy", "share"), ("loss", "nats")):
                row = found.get((p, metric))
                name = score_name(p, g.name, view, metric)
                bounds = {"low": row["low"], "high": row["high"]} if row else {}
                cells.append(values.put(name, row["value"], unit, **bounds) if row else None)
            rows.append(cells)
    return pipe_table(["group", "predictor", "accuracy", "loss (nats)"], first_only(rows), "llrr")


def paired(results: Results, values: Values, a: str, b: str, metric: str = "loss") -> Markdown:
    """`a` minus `b` in every group, with the paired interval, Holm's p and the verdict."""
    rows = []
    for g in results.metadata.groups:
        f = find(results.comparisons[g.name], a, b, "natural", metric)
        if f is not None:
            unit = "nats" if metric == "loss" else "share"
            verdict = Markdown(VERDICTS[f.verdict])
            name = f"difference.{a}.{b}.{g.name}.{metric}"
            difference = values.put(name, f.difference, unit, low=f.low, high=f.high)
            rows.append([g.title, difference, values.put(f"{name}.p", f.p, "p"), verdict])
    return pipe_table(["group", f"difference in {metric}", "p (Holm)", "verdict"], rows, "lrrl")


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
        losses = {
            r["predictor"]: r
            for r in results.metrics[g.name]
            if (r["view"], r["metric"]) == ("natural", "loss")
        }
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
