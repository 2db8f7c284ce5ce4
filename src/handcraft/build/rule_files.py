"""The rule files of a build: which groups have one, and which files no group uses."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from handcraft.config.model import Config
from handcraft.rules.files import rule_path


def rule_files(root: Path | str, cfg: Config, planted: Sequence[str]) -> dict[str, str]:
    """The rule file of each group that has one, relative to the working directory.

    Those of the planted corpus are its truth, and count only for the groups whose true rules they are (`planted`).
    """
    groups = planted if cfg.corpus.name == "planted" else list(cfg.groups)
    found = {group: rule_path(root, cfg.corpus.name, group) for group in groups}
    return {group: os.path.relpath(path, Path.cwd()) for group, path in found.items() if path.is_file()}


def ignored_rules(root: Path | str, cfg: Config, ruled: Collection[str]) -> list[str]:
    """Rule files of the config's corpus but those of the groups `ruled`, as paths below `human/rules`.

    The name of such a file may be misspelt.
    """
    folder = rule_path(root, cfg.corpus.name, "x").parent
    used = {rule_path(root, cfg.corpus.name, group).name for group in ruled}
    return [f"{folder.name}/{p.name}" for p in sorted(folder.glob("*")) if p.is_file() and p.name not in used]


def file_curves(group: str, ruled: Collection[str]) -> list[str]:
    """What so many rules of a group's file reach; none where it has no file."""
    return [f"results/rules/{group}/file_curve.safetensors"] if group in ruled else []
