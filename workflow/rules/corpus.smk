# Needs: the config's `corpus` block; for `files`, the files that it names; for `hub`, the network.
# Makes: results/corpus/{train,validation,test}.parquet, one story per row; a hash of its text decides the split,
#        unless the source has its own splits.


rule retrieve_corpus:
    """Get the stories from the configured source, drop duplicates, and split them in three."""
    input:
        files=hooks.corpus_files(cfg.corpus),
    output:
        train="results/corpus/train.parquet",
        validation="results/corpus/validation.parquet",
        test="results/corpus/test.parquet",
        summary="results/corpus/summary.json",
    log:
        "logs/retrieve_corpus.log",
    benchmark:
        "benchmarks/out/retrieve_corpus.tsv"
    resources:
        mem_mb=hooks.memory("corpus"),
        runtime=hooks.runtime(60),
    params:
        code=script_hash("retrieve_corpus.py"),
        settings=cfg.corpus.retrieved(),
        seed=cfg.seed,
    script:
        "../scripts/retrieve_corpus.py"
