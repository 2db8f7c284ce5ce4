# Needs: results/tokens/*, the tokenizer, and a group of the config.
# Makes: for each variant (a group with one `match`), the contexts of every split and the samples for people.


rule build_contexts:
    """Collect the tokens before every occurrence of a group's candidates."""
    input:
        tokens=expand("results/tokens/{split}.npy", split=SPLITS),
        starts=expand("results/tokens/{split}_starts.npy", split=SPLITS),
        tokenizer="results/tokenizer/tokenizer.json",
    output:
        contexts=expand(
            "results/contexts/{{variant}}/{split}.safetensors", split=SPLITS
        ),
        summary="results/contexts/{variant}/summary.json",
    log:
        "logs/build_contexts/{variant}.log",
    benchmark:
        "benchmarks/out/build_contexts/{variant}.tsv"
    resources:
        mem_mb=hooks.memory("contexts"),
        runtime=hooks.runtime(30),
    params:
        code=script_hash("build_contexts.py"),
        variant=lambda w: variants[w.variant].built(),
        settings=cfg.contexts.model_dump(include={"length", "max_train", "max_test"}),
        seed=cfg.seed,
    script:
        "../scripts/build_contexts.py"


rule draw_sample:
    """Draw the fixed random test contexts that people and all models answer: a natural and a balanced sample."""
    input:
        contexts="results/contexts/{variant}/test.safetensors",
    output:
        sample="results/contexts/{variant}/sample.json",
    log:
        "logs/draw_sample/{variant}.log",
    benchmark:
        "benchmarks/out/draw_sample/{variant}.tsv"
    params:
        code=script_hash("draw_sample.py"),
        size=cfg.contexts.sample,
        seed=cfg.seed,
    script:
        "../scripts/draw_sample.py"
