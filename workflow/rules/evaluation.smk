# Needs: results/predictions/{variant}/*.parquet, the test contexts, the sample.
# Makes: results/evaluation/: accuracy, loss, intervals and paired comparisons, the same way for all predictors; verdicts.

compared = hooks.compared_groups(list(variants.values()))


rule evaluate_predictions:
    """Evaluate all predictors of one variant on the test contexts and on the samples."""
    input:
        test="results/contexts/{variant}/test.safetensors",
        sample="results/contexts/{variant}/sample.json",
        predictions=lambda w: hooks.predictions_of(
            variants[w.variant], planted_groups, cfg, ruled
        ),
    output:
        metrics="results/evaluation/{variant}/metrics.csv",
        recall="results/evaluation/{variant}/recall.csv",
        comparisons="results/evaluation/{variant}/comparisons.csv",
        sample_metrics="results/evaluation/{variant}/sample.csv",
        sample_comparisons="results/evaluation/{variant}/sample_comparisons.csv",
    log:
        "logs/evaluate_predictions/{variant}.log",
    benchmark:
        "benchmarks/out/evaluate_predictions/{variant}.tsv"
    resources:
        runtime=hooks.runtime(30),
    params:
        code=script_hash("evaluate_predictions.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        groups=len(cfg.groups),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_predictions.py"


rule evaluate_linearity:
    """Is this group linear? What a linear model gains, as a share of what the best predictors gain."""
    input:
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        predictions=lambda w: hooks.judged_predictions(w.group, planted_groups, cfg),
        answers=lambda w: hooks.language_model_answers(w.group, cfg),
        held_out=lambda w: hooks.held_out_answers(w.group, cfg),
        network=lambda w: hooks.network_metrics(w.group, cfg),
    output:
        table="results/evaluation/{group}/linearity.csv",
        verdict="results/evaluation/{group}/linearity.json",
    log:
        "logs/evaluate_linearity/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_linearity/{group}.tsv"
    localrule: True
    resources:
        runtime=hooks.runtime(15),
    params:
        code=script_hash("evaluate_linearity.py"),
        settings=cfg.evaluation.model_dump(),
        groups=len(cfg.groups),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_linearity.py"


rule evaluate_learning_curve:
    """The loss over the number of training stories, and the stories that it takes to match another predictor."""
    input:
        curve="results/learning/{group}/curve.safetensors",
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        predictions=lambda w: hooks.judged_predictions(w.group, planted_groups, cfg),
        answers=lambda w: hooks.language_model_answers(w.group, cfg),
        held_out=lambda w: hooks.held_out_answers(w.group, cfg),
    output:
        table="results/evaluation/{group}/learning_curve.csv",
        needed="results/evaluation/{group}/stories_needed.csv",
    log:
        "logs/evaluate_learning_curve/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_learning_curve/{group}.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_learning_curve.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        groups=len(cfg.groups),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_learning_curve.py"


rule evaluate_patterns:
    """Find the last tokens after which the linear model and the baseline language model differ most."""
    input:
        test="results/contexts/{group}/test.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        linear="results/predictions/{group}/linear.parquet",
        tokenizer="results/tokenizer/tokenizer.json",
        answers=expand(
            "results/causal_lms/{{group}}/{lm}.safetensors",
            lm=filter(None, [cfg.baseline()]),
        ),
    output:
        table="results/evaluation/{group}/patterns.csv",
    log:
        "logs/evaluate_patterns/{group}.log",
    benchmark:
        "benchmarks/out/evaluate_patterns/{group}.tsv"
    localrule: True
    resources:
        runtime=hooks.runtime(5),
    params:
        code=script_hash("evaluate_patterns.py"),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        groups=len(cfg.groups),
    script:
        "../scripts/evaluate_patterns.py"


rule evaluate_causal_lms:
    """Evaluate language models in detail: calibration, rescaled, prior-adjusted, end of word, whole story."""
    input:
        test=expand("results/contexts/{group}/test.safetensors", group=cfg.groups),
        validation=expand(
            "results/contexts/{group}/validation.safetensors", group=cfg.groups
        ),
        answers=expand(
            "results/causal_lms/{group}/{lm}.safetensors", group=cfg.groups, lm=lms
        ),
    output:
        table="results/evaluation/causal_lms.csv",
        calibration="results/evaluation/calibration.csv",
        bins="results/evaluation/calibration_bins.csv",
        asked="results/evaluation/causal_lms_asked.csv",
    log:
        "logs/evaluate_causal_lms.log",
    benchmark:
        "benchmarks/out/evaluate_causal_lms.tsv"
    localrule: True
    resources:
        runtime=hooks.runtime(30),
    params:
        code=script_hash("evaluate_causal_lms.py"),
        groups=list(cfg.groups),
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_causal_lms.py"


rule evaluate_occurrence:
    """Compare counting every occurrence of a candidate's token with counting whole words only."""
    input:
        word=[f"results/evaluation/{w}/metrics.csv" for _, w, _ in compared],
        token=[f"results/evaluation/{t}/metrics.csv" for _, _, t in compared],
        summary=[f"results/contexts/{w}/summary.json" for _, w, _ in compared],
    output:
        table="results/evaluation/occurrence.csv",
    log:
        "logs/evaluate_occurrence.log",
    benchmark:
        "benchmarks/out/evaluate_occurrence.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_occurrence.py"),
        groups=[group for group, _, _ in compared],
    script:
        "../scripts/evaluate_occurrence.py"


rule evaluate_next_token:
    """Compare the one-layer models with n-gram models on every next token: loss, bits per byte, accuracy."""
    input:
        ngram="results/next_token/ngram.safetensors",
        models=[
            f"results/next_token/{'' if name == 'linear' else 'one_layer/'}{name}.safetensors"
            for name in next_token_models
        ],
        tokens="results/tokens/test.npy",
        starts="results/tokens/test_starts.npy",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        table="results/evaluation/next_token.csv",
    log:
        "logs/evaluate_next_token.log",
    benchmark:
        "benchmarks/out/evaluate_next_token.tsv"
    localrule: True
    params:
        code=script_hash("evaluate_next_token.py"),
        models=next_token_models,
        length=cfg.contexts.length,
        settings=cfg.evaluation.model_dump(exclude={"margin"}),
        seed=cfg.seed,
    script:
        "../scripts/evaluate_next_token.py"
