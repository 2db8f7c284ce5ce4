"""The interactive page of the weights, and the same in the terminal.

Numbers come from `analysis` and the models' artifacts.

Modules: `data`, `explain`, `others`, `page`, `similar`, `tokenizer_data`.
"""
