# Needs: everything above, and the sources in report/.
# Makes: results/report/source/ (the sources with every number filled in), index.html and index.pdf.

renderer = hooks.renderer(cfg, workflow)


rule fill_report:
    """Fill computed values into the report's sources; check for typed numbers and broken references."""
    input:
        sources=hooks.report_sources(root),
        corpus="results/corpus/summary.json",
        tokenizer="results/tokenizer/tokenizer.json",
        words="results/tokenizer/words.json",
        contexts=expand("results/contexts/{variant}/summary.json", variant=variants),
        # Contexts that the report shows as examples.
        excerpts=(
            [
                f"results/contexts/{cfg.figures.training_group}/test.safetensors",
                f"results/contexts/{cfg.figures.training_group}/sample.json",
                *expand(
                    "results/contexts/{group}/{split}.safetensors",
                    group=cfg.groups,
                    split=["validation", "test"],
                ),
                # What the linear model of each group makes of them.
                *expand(
                    "results/linear/{group}/weights.safetensors", group=cfg.groups
                ),
            ]
            if cfg.report.excerpts
            else []
        ),
        linear=expand(
            "results/linear/{variant}/{table}",
            variant=variants,
            table=["metrics.json", "path.csv"],
        ),
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        resampling=(
            [f"results/linear/{cfg.figures.tiles_group}/resampling.safetensors"]
            if cfg.predictors.linear.resamples
            else []
        ),
        stability=(
            expand("results/evaluation/{group}/stability.csv", group=cfg.groups)
            if cfg.predictors.linear.resamples
            else []
        ),
        history=f"results/minibatch/{cfg.figures.training_group}/history.parquet",
        minibatch=f"results/minibatch/{cfg.figures.training_group}/metrics.json",
        evaluation=expand(
            "results/evaluation/{variant}/{table}.csv",
            variant=variants,
            table=["metrics", "comparisons"],
        ),
        patterns=expand("results/evaluation/{group}/patterns.csv", group=cfg.groups),
        recall=expand("results/evaluation/{group}/recall.csv", group=cfg.groups),
        samples=expand(
            "results/evaluation/{group}/sample.csv",
            group=dict.fromkeys([cfg.figures.training_group, *labelled]),
        ),
        sample_comparisons=f"results/evaluation/{cfg.figures.training_group}/sample_comparisons.csv",
        causal_lms="results/evaluation/causal_lms.csv",
        calibration="results/evaluation/calibration.csv",
        asked="results/evaluation/causal_lms_asked.csv",
        retrieved=hooks.retrieved_models(cfg),
        reliability=expand("results/figures/calibration-{lm}.svg", lm=lms),
        linearity=expand(
            "results/evaluation/{group}/linearity.{kind}",
            group=cfg.groups,
            kind=["csv", "json"],
        ),
        occurrence="results/evaluation/occurrence.csv",
        people=expand("results/people/{group}/people.csv", group=cfg.groups),
        answers=expand(
            "results/people/{group}/{table}",
            group=labelled,
            table=["comparisons.csv", "agreement.csv", "missed.json"],
        ),
        power=f"results/people/{cfg.figures.training_group}/power.csv",
        # The report refers to these pages, which contain text of the corpus.
        labelling=expand(
            "results/labelling/{group}.html",
            group=cfg.groups if cfg.report.excerpts else [],
        ),
        claims="results/evaluation/data_claims.json",
        planted=(
            ["results/evaluation/planted.csv", "results/evaluation/planted_rules.csv"]
            if planted_groups
            else []
        ),
        training="results/figures/training.svg",
        comparison="results/figures/comparison.svg",
        linearity_figure="results/figures/linearity.svg",
        learning_curve=(
            expand(
                "results/evaluation/{group}/{table}.csv",
                group=cfg.groups,
                table=["learning_curve", "stories_needed"],
            )
            if cfg.learning_curve
            else []
        ),
        pairs=(
            expand("results/pairs/{group}/pairs.csv", group=cfg.groups)
            + expand("results/evaluation/{group}/pairs_curve.csv", group=cfg.groups)
            + ["results/figures/pairs.svg"]
            if cfg.pairs
            else []
        ),
        one_layer=(
            [
                "results/evaluation/next_token.csv",
                "results/one_layer/main.training.csv",
                *(
                    ["results/full_linear/path.csv"]
                    if cfg.predictors.full_linear
                    else []
                ),
                "results/evaluation/one_layer/skip_trigrams.csv",
                "results/evaluation/one_layer/tail.csv",
                "results/evaluation/one_layer/law.csv",
                "results/evaluation/one_layer/parts.csv",
                "results/evaluation/one_layer/suffix_curve.csv",
                "results/evaluation/one_layer/suffix_rules.csv",
                "results/figures/suffix_rules.svg",
                "results/figures/next_token.svg",
                "results/figures/tail.svg",
            ]
            if cfg.predictors.one_layer
            else []
        ),
        rules=(
            expand("results/rules/{group}/proposals.csv", group=cfg.groups)
            + expand("results/evaluation/{group}/rules_curve.csv", group=cfg.groups)
            + ["results/figures/rules_curve.svg"]
            + ["results/evaluation/planted_proposals.csv"] * bool(planted_groups)
            if cfg.proposals
            else []
        ),
        rule_files=expand(
            "results/rules/{group}/{file}",
            group=ruled,
            file=["rules.csv", "refitted.safetensors"],
        ),
        learning_curve_figure=(
            ["results/figures/learning_curve.svg"] if cfg.learning_curve else []
        ),
        people_figure=["results/figures/people.svg"] if labelled else [],
        opening=["results/figures/opening.svg"] if cfg.shows_opening() else [],
        decision=(
            [
                "results/evaluation/one_layer/decision.json",
                "results/figures/decision.svg",
            ]
            if cfg.shows_opening() and cfg.predictors.one_layer
            else []
        ),
        overview="results/figures/overview.svg",
        first_rules=f"results/evaluation/{cfg.figures.tiles_group}/first_rules.csv",
        tiles=expand("results/figures/tiles-{token}.svg", token=tiles),
        influence=f"results/evaluation/{cfg.figures.tiles_group}/influence.parquet",
        weight_figures=expand(
            "results/figures/{name}.svg",
            name=["evidence", "path", "weights", "strips", "penalty"],
        ),
        evidence=expand("results/evaluation/{group}/evidence.csv", group=cfg.groups),
        published_weights="results/evaluation/published_weights.csv",
        support=f"results/linear/{cfg.figures.tiles_group}/support.safetensors",
        unpenalised=f"results/linear/{cfg.figures.tiles_group}/unpenalised.safetensors",
    output:
        source=directory("results/report/source"),
    log:
        "logs/fill_report.log",
    benchmark:
        "benchmarks/out/fill_report.tsv"
    localrule: True
    params:
        code=script_hash("fill_report.py"),
        metadata=hooks.report_metadata(cfg, workflow.configfiles, root).model_dump(
            mode="json", exclude_unset=True
        ),
    script:
        "../scripts/fill_report.py"


rule build_record:
    """Write the times, host, versions and commit: the only part of the report that differs between two builds."""
    input:
        source="results/report/source",
        # The record has the jobs behind it too.
        explorer="results/explorer/index.html",
    output:
        metadata="results/report/build_record.md",
    log:
        "logs/build_record.log",
    benchmark:
        "benchmarks/out/build_record.tsv"
    localrule: True
    params:
        code=script_hash("build_record.py"),
        directory=lambda w: hooks.in_checkout(".", root),
        configs=lambda w: hooks.overlays(workflow.configfiles, root),
    script:
        "../scripts/build_record.py"


rule render_html:
    """Render the report as one self-contained HTML page."""
    input:
        source="results/report/source",
        metadata="results/report/build_record.md",
        explorer="results/explorer/index.html",
    output:
        page="results/report/index.html",
    log:
        "logs/render_html.log",
    benchmark:
        "benchmarks/out/render_html.tsv"
    localrule: True
    resources:
        mem_mb=hooks.memory("render"),
        runtime=hooks.runtime(10),
    params:
        code=script_hash("render_html.py"),
        renderer=renderer,
    script:
        "../scripts/render_html.py"


rule render_pdf:
    """Render the report as PDF."""
    input:
        source="results/report/source",
        metadata="results/report/build_record.md",
        # Two renders at the same time would conflict in Quarto's caches, so this one waits for the HTML.
        after="results/report/index.html",
    output:
        pdf="results/report/index.pdf",
    log:
        "logs/render_pdf.log",
    benchmark:
        "benchmarks/out/render_pdf.tsv"
    localrule: True
    resources:
        mem_mb=hooks.memory("render"),
        runtime=hooks.runtime(10),
    params:
        code=script_hash("render_pdf.py"),
        renderer=renderer,
    script:
        "../scripts/render_pdf.py"


# This is the last file with rules: if a predictor or figure is incomplete, stop here and name the file to fix.
hooks.check_rules(workflow.rules)
