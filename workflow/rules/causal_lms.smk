# Needs: results/contexts/{variant}/test.safetensors; for a model trained here, results/tokens/*; for a given one,
#        its directory, or the hub's cache or network.
# Makes: results/models/{lm}/ (the models trained here) and results/predictions/{variant}/{lm}.parquet.


rule train_llama:
    """A small Llama-architecture model of the same corpus and tokens, where the config asks for one."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS[:2]),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS[:2]),
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        model=directory("results/models/{lm}"),
        training="results/models/{lm}.training.csv",
    log:
        "logs/train_llama/{lm}.log",
    benchmark:
        "benchmarks/out/train_llama/{lm}.tsv"
    # The longest job of the default build: first, so that the others run beside it.
    priority: 10
    threads: cfg.threads
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=gpus,
    params:
        code=script_hash("train_llama.py"),
        threads=cfg.threads,
        settings=lambda w: cfg.predictors.causal_lms[w.lm].train.model_dump(),
        seed=cfg.seed,
        device=cfg.device,
    script:
        "../scripts/train_llama.py"


rule predict_causal_lm:
    """A causal language model's answers: which candidate it finds likeliest as the text that comes next."""
    input:
        test="results/contexts/{variant}/test.safetensors",
        tokenizer="results/tokenizer/tokenizer.json",
        model=lambda w: road.model_files(w.lm, cfg.predictors.causal_lms[w.lm]),
    output:
        predictions="results/predictions/{variant}/{lm}.parquet",
    log:
        "logs/predict_causal_lm/{lm}/{variant}.log",
    benchmark:
        "benchmarks/out/predict_causal_lm/{lm}/{variant}.tsv"
    threads: cfg.threads
    resources:
        mem_mb=lambda w: int(1024 * cfg.predictors.causal_lms[w.lm].memory_gb),
        runtime=lambda w: cfg.predictors.causal_lms[w.lm].runtime_minutes,
        gpu=gpus,
    params:
        code=script_hash("predict_causal_lm.py"),
        threads=cfg.threads,
        settings=lambda w: cfg.predictors.causal_lms[w.lm].asked(),
        model=lambda w: cfg.predictors.causal_lms[w.lm].model
        or f"./results/models/{w.lm}",
        device=cfg.device,
    script:
        "../scripts/predict_causal_lm.py"
