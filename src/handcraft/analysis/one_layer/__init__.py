"""Inside the one-layer model: exact parts of its logits, what its heads read, what its neurons are worth, its tail.

Modules: `decision`, `neurons`, `opened`, `skip_trigrams`, `suffix_rules`, `tail`.
"""
