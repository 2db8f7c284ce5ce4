# Needs: the config's `corpus` block; for `files`, the files it names; for `hub`, the network.
# Makes: results/corpus/{train,validation,test}.parquet, one story a row, split by a hash of its text.


rule retrieve_corpus:
    """Stories of the source that the config names, without duplicates, in three splits."""
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
