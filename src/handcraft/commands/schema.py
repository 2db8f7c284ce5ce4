"""`handcraft schema`: write what is generated from the typed config, the rule language and the planted rules."""

import argparse
from pathlib import Path

from handcraft.config.docs import docs_text, schema_text
from handcraft.corpus.planted.page import planted_page
from handcraft.corpus.planted.rule_files import planted_rule_files
from handcraft.files import write_text
from handcraft.rules.files import rules_schema


def add_options(parser: argparse.ArgumentParser) -> None:
    """Takes no options."""


def run(options: argparse.Namespace) -> int:
    for path in write_schema(Path.cwd()):
        print(path)
    return 0


def write_schema(root: Path) -> list[Path]:
    """Write what is generated below the checkout `root`, the planted rules too; returns the paths."""
    texts = {
        root / "config" / "schema.json": schema_text(),
        root / "docs" / "configuration.md": docs_text(),
        root / "docs" / "planted.md": planted_page(),
        root / "config" / "rules.schema.json": rules_schema(),
    }
    texts |= {root / path: text for path, text in planted_rule_files().items()}
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)
