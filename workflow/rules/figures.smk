# Needs: results/evaluation/*, results/people/*, results/linear/*, results/minibatch/*.
# Makes: results/figures/*.svg.


rule plot_training:
    """Draw the blog post's training figure: seven curves, and the baseline causal LM as a dashed line."""
    input:
        history=f"results/minibatch/{cfg.figures.training_group}/history.parquet",
        metrics=f"results/minibatch/{cfg.figures.training_group}/metrics.json",
        evaluation=f"results/evaluation/{cfg.figures.training_group}/metrics.csv",
    output:
        figure="results/figures/training.svg",
    log:
        "logs/plot_training.log",
    benchmark:
        "benchmarks/out/plot_training.tsv"
    localrule: True
    params:
        code=script_hash("plot_training.py"),
        baseline=cfg.baseline(),
    script:
        "../scripts/plot_training.py"


rule plot_tiles:
    """Draw one token's weights at the last position, with a tile for each candidate."""
    input:
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        figure="results/figures/tiles-{token}.svg",
    log:
        "logs/plot_tiles/{token}.log",
    benchmark:
        "benchmarks/out/plot_tiles/{token}.tsv"
    localrule: True
    params:
        code=script_hash("plot_tiles.py"),
        token=lambda w: tiles[w.token],
    script:
        "../scripts/plot_tiles.py"


# Without a sentence of the config's own it shows a context, which the report may not do where excerpts are off.
if cfg.shows_opening():

    rule plot_opening:
        """Draw one sentence with what each of its tokens adds, tiles of its last token, and the answer."""
        input:
            weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
            tokenizer="results/tokenizer/tokenizer.json",
            validation=(
                []
                if cfg.figures.sentence
                else [
                    f"results/contexts/{cfg.figures.tiles_group}/validation.safetensors"
                ]
            ),
        output:
            figure="results/figures/opening.svg",
        log:
            "logs/plot_opening.log",
        benchmark:
            "benchmarks/out/plot_opening.tsv"
        localrule: True
        params:
            code=script_hash("plot_opening.py"),
            sentence=cfg.figures.sentence,
        script:
            "../scripts/plot_opening.py"


rule plot_overview:
    """Draw every group on one line: the words' shares, the best linear predictor, and the best others."""
    input:
        tables=expand("results/evaluation/{group}/linearity.csv", group=cfg.groups),
        verdicts=expand("results/evaluation/{group}/linearity.json", group=cfg.groups),
        metrics=expand("results/evaluation/{group}/metrics.csv", group=cfg.groups),
    output:
        figure="results/figures/overview.svg",
    log:
        "logs/plot_overview.log",
    benchmark:
        "benchmarks/out/plot_overview.tsv"
    localrule: True
    params:
        code=script_hash("plot_overview.py"),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
        baseline=cfg.baseline(),
    script:
        "../scripts/plot_overview.py"


rule plot_linearity:
    """Draw what the verdicts follow from: every predictor's loss minus that of the linear model."""
    input:
        tables=expand("results/evaluation/{group}/linearity.csv", group=cfg.groups),
        verdicts=expand("results/evaluation/{group}/linearity.json", group=cfg.groups),
    output:
        figure="results/figures/linearity.svg",
    log:
        "logs/plot_linearity.log",
    benchmark:
        "benchmarks/out/plot_linearity.tsv"
    localrule: True
    params:
        code=script_hash("plot_linearity.py"),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
    script:
        "../scripts/plot_linearity.py"


# The report takes no figure that the config leaves out.
if cfg.learning_curve:

    rule plot_learning_curve:
        """Draw the loss over the number of training stories, a panel a group."""
        input:
            tables=expand(
                "results/evaluation/{group}/learning_curve.csv", group=cfg.groups
            ),
            needed=expand(
                "results/evaluation/{group}/stories_needed.csv", group=cfg.groups
            ),
        output:
            figure="results/figures/learning_curve.svg",
        log:
            "logs/plot_learning_curve.log",
        benchmark:
            "benchmarks/out/plot_learning_curve.tsv"
        localrule: True
        params:
            code=script_hash("plot_learning_curve.py"),
            titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
        script:
            "../scripts/plot_learning_curve.py"


# The report takes no figure that the config leaves out.
if cfg.pairs:

    rule plot_pairs:
        """Draw what pairs of tokens bring, over the number of pairs, a panel a group."""
        input:
            tables=expand(
                "results/evaluation/{group}/pairs_curve.csv", group=cfg.groups
            ),
        output:
            figure="results/figures/pairs.svg",
        log:
            "logs/plot_pairs.log",
        benchmark:
            "benchmarks/out/plot_pairs.tsv"
        localrule: True
        params:
            code=script_hash("plot_pairs.py"),
            titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
        script:
            "../scripts/plot_pairs.py"


if cfg.predictors.one_layer:

    rule plot_next_token:
        """Draw where the one-layer models stand among n-gram models."""
        input:
            table="results/evaluation/next_token.csv",
        output:
            figure="results/figures/next_token.svg",
        log:
            "logs/plot_next_token.log",
        benchmark:
            "benchmarks/out/plot_next_token.tsv"
        localrule: True
        params:
            code=script_hash("plot_next_token.py"),
        script:
            "../scripts/plot_next_token.py"

    rule plot_tail:
        """Draw how much of the one-layer model so many of its parts bring."""
        input:
            tail="results/evaluation/one_layer/tail.csv",
            law="results/evaluation/one_layer/law.csv",
        output:
            figure="results/figures/tail.svg",
        log:
            "logs/plot_tail.log",
        benchmark:
            "benchmarks/out/plot_tail.tsv"
        localrule: True
        params:
            code=script_hash("plot_tail.py"),
        script:
            "../scripts/plot_tail.py"

    rule plot_suffix_rules:
        """Draw how often so many rules of last tokens say what the one-layer model puts first."""
        input:
            curve="results/evaluation/one_layer/suffix_curve.csv",
        output:
            figure="results/figures/suffix_rules.svg",
        log:
            "logs/plot_suffix_rules.log",
        benchmark:
            "benchmarks/out/plot_suffix_rules.tsv"
        localrule: True
        params:
            code=script_hash("plot_suffix_rules.py"),
        script:
            "../scripts/plot_suffix_rules.py"

    if cfg.shows_opening():

        rule plot_decision:
            """Draw one decision of the one-layer model as a sum of its parts."""
            input:
                decision="results/evaluation/one_layer/decision.json",
            output:
                figure="results/figures/decision.svg",
            log:
                "logs/plot_decision.log",
            benchmark:
                "benchmarks/out/plot_decision.tsv"
            localrule: True
            params:
                code=script_hash("plot_decision.py"),
            script:
                "../scripts/plot_decision.py"


if cfg.proposals:

    rule plot_rules_curve:
        """Draw the gain on test contexts against the number of rules, for every group."""
        input:
            tables=expand(
                "results/evaluation/{group}/rules_curve.csv", group=cfg.groups
            ),
            metrics=expand("results/evaluation/{group}/metrics.csv", group=cfg.groups),
        output:
            figure="results/figures/rules_curve.svg",
        log:
            "logs/plot_rules_curve.log",
        benchmark:
            "benchmarks/out/plot_rules_curve.tsv"
        localrule: True
        params:
            code=script_hash("plot_rules_curve.py"),
            titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
        script:
            "../scripts/plot_rules_curve.py"


rule plot_comparison:
    """Draw the results of every predictor on every group, with intervals."""
    input:
        metrics=expand("results/evaluation/{group}/metrics.csv", group=cfg.groups),
    output:
        figure="results/figures/comparison.svg",
    log:
        "logs/plot_comparison.log",
    benchmark:
        "benchmarks/out/plot_comparison.tsv"
    localrule: True
    params:
        code=script_hash("plot_comparison.py"),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
    script:
        "../scripts/plot_comparison.py"


rule plot_people:
    """Compare people with every predictor on the same items, for the groups that people have labelled."""
    input:
        people=expand(
            "results/people/{group}/people.csv",
            group=labelled,
        ),
        samples=expand(
            "results/evaluation/{group}/sample.csv",
            group=labelled,
        ),
    output:
        figure="results/figures/people.svg",
    log:
        "logs/plot_people.log",
    benchmark:
        "benchmarks/out/plot_people.tsv"
    localrule: True
    params:
        code=script_hash("plot_people.py"),
        titles=lambda w: [cfg.variant(group).title for group in labelled],
    script:
        "../scripts/plot_people.py"


rule plot_calibration:
    """Draw a language model's reliability diagram: accuracy against confidence."""
    input:
        bins="results/evaluation/calibration_bins.csv",
    output:
        figure="results/figures/calibration-{lm}.svg",
    log:
        "logs/plot_calibration/{lm}.log",
    benchmark:
        "benchmarks/out/plot_calibration/{lm}.tsv"
    localrule: True
    params:
        code=script_hash("plot_calibration.py"),
        titles=lambda w: {group: cfg.variant(group).title for group in cfg.groups},
    script:
        "../scripts/plot_calibration.py"


rule plot_evidence:
    """Draw which positions matter, for every group."""
    input:
        tables=expand("results/evaluation/{group}/evidence.csv", group=cfg.groups),
    output:
        figure="results/figures/evidence.svg",
    log:
        "logs/plot_evidence.log",
    benchmark:
        "benchmarks/out/plot_evidence.tsv"
    localrule: True
    params:
        code=script_hash("plot_evidence.py"),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
    script:
        "../scripts/plot_evidence.py"


rule plot_path:
    """Draw validation loss against the number of weights, for every group."""
    input:
        tables=expand("results/linear/{group}/path.csv", group=cfg.groups),
    output:
        figure="results/figures/path.svg",
    log:
        "logs/plot_path.log",
    benchmark:
        "benchmarks/out/plot_path.tsv"
    localrule: True
    params:
        code=script_hash("plot_path.py"),
        titles=lambda w: [cfg.variant(group).title for group in cfg.groups],
    script:
        "../scripts/plot_path.py"


rule plot_weights:
    """Draw the strongest weights of the tiles' group, and all its weights against how often their inputs occur."""
    input:
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        support=f"results/linear/{cfg.figures.tiles_group}/support.safetensors",
        resampling=(
            [f"results/linear/{cfg.figures.tiles_group}/resampling.safetensors"]
            if cfg.predictors.linear.resamples
            else []
        ),
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        figure="results/figures/weights.svg",
    log:
        "logs/plot_weights.log",
    benchmark:
        "benchmarks/out/plot_weights.tsv"
    localrule: True
    params:
        code=script_hash("plot_weights.py"),
    script:
        "../scripts/plot_weights.py"


rule plot_strips:
    """Draw the weights of the selected tokens at every position."""
    input:
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        support=f"results/linear/{cfg.figures.tiles_group}/support.safetensors",
        influence=f"results/evaluation/{cfg.figures.tiles_group}/influence.parquet",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        figure="results/figures/strips.svg",
    log:
        "logs/plot_strips.log",
    benchmark:
        "benchmarks/out/plot_strips.tsv"
    localrule: True
    params:
        code=script_hash("plot_strips.py"),
        tiles=lambda w: cfg.figures.tiles,
        tokens=cfg.figures.tokens,
    script:
        "../scripts/plot_strips.py"


rule plot_penalty:
    """Draw weights with and without the penalty, against how often their inputs occur."""
    input:
        unpenalised=f"results/linear/{cfg.figures.tiles_group}/unpenalised.safetensors",
        weights=f"results/linear/{cfg.figures.tiles_group}/weights.safetensors",
        support=f"results/linear/{cfg.figures.tiles_group}/support.safetensors",
    output:
        figure="results/figures/penalty.svg",
    log:
        "logs/plot_penalty.log",
    benchmark:
        "benchmarks/out/plot_penalty.tsv"
    localrule: True
    params:
        code=script_hash("plot_penalty.py"),
    script:
        "../scripts/plot_penalty.py"
