"""Causal language models: loading, text, rows, scoring, resuming; and the small Llama trained here.

Calibration of their answers is in `evaluation`.

Modules: `check`, `files`, `gguf`, `head`, `interview`, `llama`, `llama_files`, `load`, `predict`, `probe`, `retrieve`,
`rows`, `score`, `shards`, `text`, `words`.
"""
