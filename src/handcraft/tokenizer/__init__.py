"""The byte-level BPE tokenizer: training, encoding a split, tokens as bytes and text.

Occurrences of words are in `contexts`.

Modules: `encode`, `stories`, `tokens`, `train`, `windows`, `words`.
"""
