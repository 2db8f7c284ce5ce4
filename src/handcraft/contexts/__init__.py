"""From tokens to questions: occurrences of candidate words, the 16 tokens before each, samples of them.

Answers to them are in `handcraft.predictions`.

Modules: `build`, `occurrences`, `read`, `sample`.
"""
