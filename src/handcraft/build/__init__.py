"""The seam with Snakemake: what rules ask of the config, resources, the wrapper of a job, provenance.

Nothing here knows what a job computes.

Modules: `contracts`, `costs`, `failures`, `hooks`, `jobs`, `plan`, `provenance`, `reads`, `records`, `resources`,
`rule_files`, `sizes`.
"""
