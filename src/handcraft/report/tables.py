"""Tables as pandoc's pipe tables. Captions stand in the sources, beside the prose."""

from collections.abc import Sequence
from typing import Any

from handcraft.report.escape import Markdown, escape
from handcraft.report.findings import find
from handcraft.report.results import Results
from handcraft.report.values import show, show_interval

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


def interval(value: Any, low: Any, high: Any, unit: str, digits: int | None = None) -> Markdown:
    """A number, and its interval in small type."""
    bounds = show_interval(low, high, unit, digits)
    return Markdown(
        f"{show(value, unit, digits)} [{bounds}]{{.interval}}" if bounds else show(value, unit, digits)
    )


def first_only(rows: list[list[object]]) -> list[list[object]]:
    """The first cell in bold, and only where it changes."""
    shown: list[list[object]] = []
    before: object = None
    for row in rows:
        shown.append([Markdown(f"**{escape(row[0])}**") if row[0] != before else Markdown(""), *row[1:]])
        before = row[0]
    return shown


def groups(results: Results) -> Markdown:
    """The groups: their words with their shares in training, and how many contexts."""
    rows = []
    for g in results.facts.groups:
        counts = results.counts[g["name"]]
        if "train" not in counts:
            continue
        shares = counts["train"].shares
        most = int(shares.argmax())
        words = []
        for k, (word, share) in enumerate(zip(g["candidates"], shares, strict=True)):
            text = f"{escape(word.strip() or word)} {show(float(share), 'share', 0)}"
            words.append(f"**{text}**" if k == most else text)
        train, test = (counts[s].contexts if s in counts else None for s in ("train", "test"))
        rows.append([g["title"], Markdown(", ".join(words)), show(train), show(test)])
    header = ["group", "words and their shares", "training contexts", "test contexts"]
    return pipe_table(header, rows, "llrr")


def scores(results: Results, view: str) -> Markdown:
    """Accuracy and loss of every predictor in every group, with intervals; the best of a group in bold."""
    rows = []
    for g in results.facts.groups:
        table = [r for r in results.metrics[g["name"]] if r["view"] == view]
        found = {(r["predictor"], r["metric"]): r for r in table}
        order = list(dict.fromkeys(r["predictor"] for r in table))
        for p in order:
            cells: list[object] = [g["title"], results.facts.title_of(p)]
            for metric, unit in (("accuracy", "share"), ("loss", "nats")):
                row = found.get((p, metric))
                cells.append(interval(row["value"], row["low"], row["high"], unit) if row else None)
            rows.append(cells)
    return pipe_table(["group", "predictor", "accuracy", "loss (nats)"], first_only(rows), "llrr")


def paired(results: Results, a: str, b: str, metric: str = "loss") -> Markdown:
    """`a` minus `b` in every group, with the paired interval, Holm's p and the verdict."""
    rows = []
    for g in results.facts.groups:
        f = find(results.comparisons[g["name"]], a, b, "natural", metric)
        if f is not None:
            unit = "nats" if metric == "loss" else "share"
            verdict = Markdown(VERDICTS[f.verdict])
            p = show(f.p, "p")
            rows.append([g["title"], interval(f.difference, f.low, f.high, unit), p, verdict])
    return pipe_table(["group", f"difference in {metric}", "p (Holm)", "verdict"], rows, "lrrl")


def sample_pairs(results: Results, variant: str) -> Markdown:
    """Exact McNemar tests on the samples."""
    title = results.facts.title_of
    rows: list[list[object]] = []
    for r in results.sample_comparisons(variant):
        pair = Markdown(f"{escape(title(r['a']))} / {escape(title(r['b']))}")
        rows.append(
            [
                r["sample"],
                pair,
                show(r["only_a"]),
                show(r["only_b"]),
                show(r["p"], "p"),
                show(r["p_holm"], "p"),
            ]
        )
    header = ["sample", "pair", "only the first right", "only the second", "p", "p (Holm)"]
    return pipe_table(header, first_only(rows), "llrrrr")


def tokens(results: Results) -> Markdown:
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
            weight = show(weights.get(word), "logit")
            if word in moved:
                weight = Markdown(f"{weight} [± {show(moved[word][0], 'nats', 2)}]{{.interval}}")
            cells.append(weight)
            if moved:
                cells.append(show(moved[word][1], "share", 0) if word in moved else None)
            cells.append(show(c["contexts"]))
            rows.append([*cells, show(c["share_of_candidate"], "share"), show(c["share_of_token"], "share")])
    header = ["last token", "word", "weight (nats)", "same sign", "contexts"]
    if not results.stability:
        header.remove("same sign")
    header += ["share of the word", "share of the token"]
    return pipe_table(header, first_only(rows), "ll" + "r" * (len(header) - 2))


def sparsity(results: Results) -> Markdown:
    """Of every group the chosen penalty and the sparser choice: weights that are left, and what that costs."""
    rows: list[list[object]] = []
    for g in results.facts.groups:
        losses = {
            r["predictor"]: r
            for r in results.metrics[g["name"]]
            if (r["view"], r["metric"]) == ("natural", "loss")
        }
        path = results.path[g["name"]]
        for mark, predictor in (("chosen", "linear"), ("sparser", "linear_sparser")):
            test = losses.get(predictor)
            for r in path:
                if not r[mark]:
                    continue
                held = Markdown(
                    f"{show(r['validation_loss'], 'nats')} [± {show(r['validation_se'], 'nats')}]{{.interval}}"
                )
                cells: list[object] = [g["title"], results.facts.title_of(predictor), f"{r['l1']:.2g}"]
                cells += [show(r["nonzeros"]), held]
                rows.append([*cells, show(test["value"], "nats") if test else None])
    header = ["group", "choice", "penalty", "weights left", "validation loss", "test loss"]
    return pipe_table(header, first_only(rows), "llrrrr")


def occurrence(results: Results) -> Markdown:
    """What whole words or any token as the occurrence changes."""
    rows: list[list[object]] = []
    titles = {g["name"]: g["title"] for g in results.facts.groups}
    for r in results.occurrence:
        name = Markdown(
            f"{escape(titles.get(r['group'], r['group']))} [{show(r['dropped_share'], 'share')} dropped]{{.interval}}"
            if r["dropped_share"] is not None
            else escape(titles.get(r["group"], r["group"]))
        )
        cells: list[object] = [name, results.facts.title_of(r["predictor"])]
        for match in ("word", "token"):
            cells += [show(r[f"accuracy_{match}"], "share"), show(r[f"loss_{match}"], "nats")]
        rows.append(cells)
    header = ["group", "predictor", "accuracy, word", "loss, word", "accuracy, token", "loss, token"]
    return pipe_table(header, first_only(rows), "llrrrr")
