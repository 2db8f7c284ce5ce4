"""The embedded default corpus: made-up children's stories whose word choices follow a known table of rules.

Modules: `page`, `rule_files`, `table`, `templates`, `words`, `writer`.
"""

from handcraft.corpus.planted.writer import stories

__all__ = ["stories"]
