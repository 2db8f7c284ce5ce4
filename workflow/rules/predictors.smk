# Needs: results/contexts/{variant}/*.safetensors.
# Makes: results/predictions/{variant}/{predictor}.parquet, in the same format for every kind of predictor,
#        and the fitted models: results/linear/, results/nonlinear/, results/minibatch/, results/rules/.

ruled = hooks.rule_files(root, cfg, planted_groups)


rule predict_counts:
    """Predict from counts: the class rates, given nothing, given the last token, and given the last few (n-grams)."""
    input:
        train="results/contexts/{variant}/train.safetensors",
        validation="results/contexts/{variant}/validation.safetensors",
        test="results/contexts/{variant}/test.safetensors",
    output:
        majority="results/predictions/{variant}/majority.parquet",
        last_token="results/predictions/{variant}/last_token.parquet",
        ngram="results/predictions/{variant}/ngram.parquet",
        answers="results/counts/{variant}/validation.safetensors",
    log:
        "logs/predict_counts/{variant}.log",
    benchmark:
        "benchmarks/out/predict_counts/{variant}.tsv"
    params:
        code=script_hash("predict_counts.py"),
        titles={p: hooks.TITLES[p] for p in ("majority", "last_token", "ngram")},
        smoothing=cfg.predictors.last_token.smoothing,
    script:
        "../scripts/predict_counts.py"


rule train_linear:
    """Fit weights for every (position, token) and candidate; validation loss chooses the L1 penalty."""
    input:
        train="results/contexts/{variant}/train.safetensors",
        validation="results/contexts/{variant}/validation.safetensors",
    output:
        weights="results/linear/{variant}/weights.safetensors",
        sparser="results/linear/{variant}/sparser.safetensors",
        support="results/linear/{variant}/support.safetensors",
        path="results/linear/{variant}/path.csv",
        metrics="results/linear/{variant}/metrics.json",
    log:
        "logs/train_linear/{variant}.log",
    benchmark:
        "benchmarks/out/train_linear/{variant}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(60),
        gpu=gpus,
    params:
        code=script_hash("train_linear.py"),
        threads=cfg.threads,
        # Of the settings only those that it reads: the others make nothing stale.
        settings=cfg.predictors.linear.model_dump(exclude={"resamples"}),
        device=cfg.device,
    script:
        "../scripts/train_linear.py"


rule predict_linear:
    """Predict the test contexts with two linear models: the best by validation loss, and the sparser one."""
    input:
        linear="results/linear/{variant}/weights.safetensors",
        linear_sparser="results/linear/{variant}/sparser.safetensors",
        test="results/contexts/{variant}/test.safetensors",
    output:
        linear="results/predictions/{variant}/linear.parquet",
        linear_sparser="results/predictions/{variant}/linear_sparser.parquet",
    log:
        "logs/predict_linear/{variant}.log",
    benchmark:
        "benchmarks/out/predict_linear/{variant}.tsv"
    resources:
        runtime=hooks.runtime(10),
    params:
        code=script_hash("predict_linear.py"),
        titles={p: hooks.TITLES[p] for p in ("linear", "linear_sparser")},
    script:
        "../scripts/predict_linear.py"


rule train_nonlinear:
    """Train small networks on top of the linear model, and the controls: no non-linearity, a planted interaction."""
    input:
        train="results/contexts/{variant}/train.safetensors",
        validation="results/contexts/{variant}/validation.safetensors",
        linear="results/linear/{variant}/weights.safetensors",
    output:
        networks="results/nonlinear/{variant}/networks.safetensors",
        additive="results/nonlinear/{variant}/additive.safetensors",
        validation="results/nonlinear/{variant}/validation.safetensors",
        metrics="results/nonlinear/{variant}/metrics.json",
    log:
        "logs/train_nonlinear/{variant}.log",
    benchmark:
        "benchmarks/out/train_nonlinear/{variant}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(120),
        gpu=gpus,
    params:
        code=script_hash("train_nonlinear.py"),
        threads=cfg.threads,
        # None where the config leaves the predictor out: then no job asks for its answers.
        settings=cfg.predictors.nonlinear and cfg.predictors.nonlinear.model_dump(),
        margin=cfg.evaluation.margin,
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_nonlinear.py"


rule train_learning_curve:
    """Train the linear and the non-linear predictor on fewer stories, and keep their losses on the test contexts."""
    input:
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
        linear="results/linear/{group}/weights.safetensors",
    output:
        curve="results/learning/{group}/curve.safetensors",
    log:
        "logs/train_learning_curve/{group}.log",
    benchmark:
        "benchmarks/out/train_learning_curve/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(120),
        gpu=gpus,
    params:
        code=script_hash("train_learning_curve.py"),
        threads=cfg.threads,
        settings=cfg.learning_curve and cfg.learning_curve.model_dump(),
        linear=cfg.predictors.linear.model_dump(include={"gap", "max_iterations"}),
        nonlinear=cfg.predictors.nonlinear and cfg.predictors.nonlinear.model_dump(),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_learning_curve.py"


rule predict_nonlinear:
    """Predict the test contexts with the trained networks together, and with those without non-linearity."""
    input:
        networks="results/nonlinear/{variant}/networks.safetensors",
        additive="results/nonlinear/{variant}/additive.safetensors",
        linear="results/linear/{variant}/weights.safetensors",
        test="results/contexts/{variant}/test.safetensors",
    output:
        nonlinear="results/predictions/{variant}/nonlinear.parquet",
        additive="results/predictions/{variant}/additive.parquet",
    log:
        "logs/predict_nonlinear/{variant}.log",
    benchmark:
        "benchmarks/out/predict_nonlinear/{variant}.tsv"
    resources:
        runtime=hooks.runtime(10),
    params:
        code=script_hash("predict_nonlinear.py"),
        titles={p: hooks.TITLES[p] for p in ("additive", "nonlinear")},
    script:
        "../scripts/predict_nonlinear.py"


rule train_resamples:
    """Refit the linear model to resampled stories, to measure the spread and sign stability of each weight."""
    input:
        train="results/contexts/{group}/train.safetensors",
        weights="results/linear/{group}/weights.safetensors",
    output:
        resampling="results/linear/{group}/resampling.safetensors",
    log:
        "logs/train_resamples/{group}.log",
    benchmark:
        "benchmarks/out/train_resamples/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(120),
        gpu=gpus,
    params:
        code=script_hash("train_resamples.py"),
        threads=cfg.threads,
        settings=cfg.predictors.linear.model_dump(
            include={"resamples", "gap", "max_iterations"}
        ),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_resamples.py"


rule train_minibatch:
    """Train as in the blog post, with minibatches and the penalty in the loss, for the training figure."""
    input:
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        linear="results/linear/{group}/metrics.json",
    output:
        history="results/minibatch/{group}/history.parquet",
        metrics="results/minibatch/{group}/metrics.json",
    log:
        "logs/train_minibatch/{group}.log",
    benchmark:
        "benchmarks/out/train_minibatch/{group}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(120),
        gpu=gpus,
    params:
        code=script_hash("train_minibatch.py"),
        threads=cfg.threads,
        settings=cfg.predictors.minibatch.model_dump(),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_minibatch.py"


rule predict_planted:
    """On the planted corpus: the best possible predictions, from its rules, and those of the best linear model."""
    input:
        best_linear="results/planted/{group}.safetensors",
        test="results/contexts/{group}/test.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        bayes="results/predictions/{group}/bayes.parquet",
        best_linear="results/predictions/{group}/best_linear.parquet",
    log:
        "logs/predict_planted/{group}.log",
    benchmark:
        "benchmarks/out/predict_planted/{group}.tsv"
    params:
        code=script_hash("predict_planted.py"),
        titles={p: hooks.TITLES[p] for p in ("bayes", "best_linear")},
    script:
        "../scripts/predict_planted.py"


rule predict_rules:
    """Predict the test contexts with a person's rules, as written and with strengths fitted to the training contexts."""
    input:
        rules=lambda w: ruled[w.group],
        tokenizer="results/tokenizer/tokenizer.json",
        train="results/contexts/{group}/train.safetensors",
        validation="results/contexts/{group}/validation.safetensors",
        test="results/contexts/{group}/test.safetensors",
    output:
        rules="results/predictions/{group}/rules.parquet",
        rules_refitted="results/predictions/{group}/rules_refitted.parquet",
        model="results/rules/{group}/refitted.safetensors",
    log:
        "logs/predict_rules/{group}.log",
    benchmark:
        "benchmarks/out/predict_rules/{group}.tsv"
    resources:
        mem_mb=hooks.memory("linear"),
        runtime=hooks.runtime(15),
    params:
        code=script_hash("predict_rules.py"),
        titles={p: hooks.TITLES[p] for p in ("rules", "rules_refitted")},
    script:
        "../scripts/predict_rules.py"
