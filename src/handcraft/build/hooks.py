"""What the rules ask of the config: which files a job needs, and which predictors answer for a group."""

import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from snakemake.resources import Resources
from snakemake.settings.types import DeploymentMethod, ExecMode

from handcraft import registry
from handcraft.build.contracts import check_rules as check_rules
from handcraft.build.failures import show_failures
from handcraft.build.provenance import COMMIT, code_hash, git_commit
from handcraft.build.resources import memory as memory
from handcraft.build.resources import memory_gb as memory_gb
from handcraft.build.resources import runtime as runtime
from handcraft.build.rule_files import file_curves as file_curves
from handcraft.build.rule_files import ignored_rules, rule_files
from handcraft.config.base import SPLITS
from handcraft.config.corpus import Corpus
from handcraft.config.model import Config, Variant
from handcraft.config.predictors import CausalLM
from handcraft.device import count_gpus
from handcraft.disk import ROOM, require_space
from handcraft.errors import UserError
from handcraft.explorer.page import template_files
from handcraft.people.labels import ignored_files, label_files
from handcraft.people.page import page_files
from handcraft.report.renderer import choose_renderer
from handcraft.report.results import CorpusMetadata, Metadata, PredictorMetadata, VariantMetadata

TITLES = registry.titles()
"""Titles of the predictors, by id."""


def script_hash(root: Path | str) -> Callable[[str], str]:
    """What hashes the code of a script in `workflow/scripts` of the checkout at `root`, given its name."""
    return partial(code_hash, root=Path(root, "workflow", "scripts"))


def checkout(workflow: Any) -> str:
    """The directory of our Snakefile, also where it is a `module` of another; call it from the Snakefile itself.

    As the first that a build asks for, it raises `UserError` where the disk is full.
    """
    require_room()
    return str(workflow.current_basedir.get_path_or_uri(secret_free=False))


def config_files(workflow: Any) -> list[str]:
    """The files of the config, each laid over those before it: Snakemake lists the default behind the overlays."""
    files = [str(file) for file in workflow.configfiles]
    return files[-1:] + files[:-1]


def prepare_jobs(workflow: Any, root: Path | str) -> None:
    """What holds for every job: default memory and time, that it sees the checkout and knows its commit.

    And that a failed build ends with what the failed jobs said.
    """
    set_default_resources(workflow)
    note_commit(root)
    show_checkout(root)
    workflow.onerror(show_failures())


def require_room() -> None:
    """Raise `UserError` where the disk has no room for Snakemake's own files, before it writes the first of them."""
    try:
        require_space(Path.cwd(), ROOM, "Snakemake's own files")
    except UserError:
        # Otherwise every line that Snakemake cannot write to its log is a traceback on the terminal.
        logging.raiseExceptions = False
        raise


def set_default_resources(workflow: Any) -> None:
    """Memory and time of the rules that state none. Call it before the first rule.

    A profile's `default-resources` stay, except these two: as text they could not use the measured peaks.
    """
    settings = workflow.resource_settings
    if settings.default_resources is None:
        defaults = Resources.default("bare")
    else:
        defaults = Resources.from_mapping(settings.default_resources)
    defaults.update(Resources.from_mapping({"mem_mb": memory("light"), "runtime": runtime(5)}))
    settings.default_resources = defaults


def note_commit(root: Path | str) -> None:
    """Tell the jobs the checkout's commit: in a container there may be no git, and no checkout but its package."""
    os.environ[COMMIT] = git_commit(Path(root))


def show_checkout(root: Path | str) -> None:
    """Make the checkout at `root` visible in a job's container, which reads scripts, report and labels there."""
    here = str(Path(root))  # not resolved: jobs name it as it is
    names = ("APPTAINER_BIND", "SINGULARITY_BIND")
    # Apptainer takes the second where the first is not set.
    given = {
        name: os.environ.get(name) or os.environ.get(names[0]) or os.environ.get(names[1], "")
        for name in names
    }
    for name, shown in given.items():
        os.environ[name] = ",".join([*filter(None, [shown]), *([] if here in shown.split(",") else [here])])


def gpus(cfg: Config, lm: CausalLM | None = None) -> int:
    """GPUs that a job asks for, of a causal LM with a device of its own or of any other."""
    return count_gpus((lm and lm.device) or cfg.device)


def corpus_files(corpus: Corpus) -> list[str]:
    """The files behind a `files` corpus, so that a changed file makes what is built from it stale.

    Raises `UserError` for a glob that matches no file, and for a file whose name Snakemake could not take as an input,
    before any job runs.
    """
    if corpus.source != "files":
        return []
    from handcraft.corpus.files import find_files

    found = {s: find_files(getattr(corpus.files, s), f"corpus.files.{s}") for s in SPLITS}
    for split, paths in found.items():
        _refuse_braces(paths, f"config: corpus.files.{split}")
    return sorted({str(path) for paths in found.values() for path in paths})


def _refuse_braces(paths: Iterable[Path], where: str) -> None:
    for path in paths:
        if re.search(r"\{\s*\w+\s*[,}]", str(path)):
            raise UserError(
                f"Snakemake takes the braces in {str(path)!r} for a wildcard",
                where=where,
                remedy="rename the file or directory, or link it by another name",
            )


def words(cfg: Config) -> dict[str, list[str]]:
    """The words that must be single tokens, by the config key that has them."""
    candidates = {f"groups.{name}": group.candidates for name, group in cfg.groups.items()}
    return candidates | {"figures.tiles": cfg.figures.tiles}


def local_model_files(lm: CausalLM) -> list[str]:
    """The files of a local causal LM; none where it is not there, or on the hub, or trained here."""
    if lm.model is None or lm.revision is not None:
        return []
    model = Path(lm.model).expanduser()
    files = [path for path in (model, *model.glob("*")) if path.is_file()]
    _refuse_braces(files, f"config: predictors.causal_lms: {lm.model}")
    return sorted(map(str, files))


def retrieved_model(name: str, lm: CausalLM) -> list[str]:
    """What says whether a given causal LM can be asked (the output of `retrieve_causal_lm`)."""
    return [] if lm.train is not None else [f"results/models/{name}.json"]


def retrieved_models(cfg: Config) -> list[str]:
    """`retrieved_model` of all that are given."""
    return [path for name, lm in cfg.predictors.causal_lms.items() for path in retrieved_model(name, lm)]


def trained_model(name: str, lm: CausalLM) -> list[str]:
    """The directory of a causal LM that is trained in the build."""
    return [f"results/models/{name}"] if lm.train is not None else []


def extra_inputs(cfg: Config) -> dict[str, Callable[[Any], list[str]]]:
    """Inputs of `predict_causal_lm` that only the further questions need, of the groups themselves."""

    def where(needed: Callable[[CausalLM], bool], path: str) -> Callable[[Any], list[str]]:
        def files(wildcards: Any) -> list[str]:
            lm = cfg.predictors.causal_lms[wildcards.lm]
            return (
                [path.format(variant=wildcards.variant)]
                if wildcards.variant in cfg.groups and needed(lm)
                else []
            )

        return files

    return {
        "validation": where(lambda lm: True, "results/contexts/{variant}/validation.safetensors"),
        "tokens": where(lambda lm: bool(lm.long_context), "results/tokens/test.npy"),
        "starts": where(lambda lm: bool(lm.long_context), "results/tokens/test_starts.npy"),
    }


def missing_since(name: str) -> str:
    """Changes with every attempt at a causal LM that could not be had, so that each build tries once more."""
    record = Path(f"results/models/{name}.json")
    try:
        if json.loads(record.read_text(encoding="utf-8"))["available"]:
            return ""
        return f"missing at {record.stat().st_mtime_ns}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def complete_lms(cfg: Config) -> list[str]:
    """Causal LMs that are asked all test contexts, as every other predictor is."""
    return [name for name, lm in cfg.predictors.causal_lms.items() if lm.contexts is None]


def planted_groups(cfg: Config) -> list[str]:
    """The config's groups whose true rules are known: those of the planted corpus, with its candidates, as words."""
    if cfg.corpus.source != "planted":
        return []
    from handcraft.corpus.planted.table import RULES

    known = {name: rules.candidates for name, rules in RULES.items()}
    own = [cfg.variant(name) for name in cfg.groups]
    # Of contexts that were resampled the rules give no best possible loss.
    own = [v for v in own if v.match == "word" and v.sampling == "natural"]
    return [v.name for v in own if known.get(v.name) == v.candidates]


def predictors_of(
    variant: Variant, planted: Sequence[str], cfg: Config, ruled: Collection[str] = ()
) -> list[str]:
    """Ids of all predictors that answer all contexts of a variant, in the order of tables and figures.

    Networks are trained for the groups only: they serve the verdicts, and a twin with the other `match` has none. It
    has no rules either; of the groups, those in `ruled` have some.
    """
    left_out = {*cfg.left_out(), *(registry.NETWORKS if variant.name != variant.group else ())}
    left_out |= set(() if variant.name in ruled else registry.RULES)
    return registry.answering(variant.name in planted, complete_lms(cfg), left_out)


def predictions_of(
    variant: Variant, planted: Sequence[str], cfg: Config, ruled: Collection[str] = ()
) -> list[str]:
    """Paths of the predictions of `predictors_of`."""
    answering = predictors_of(variant, planted, cfg, ruled)
    return [f"results/predictions/{variant.name}/{p}.parquet" for p in answering]


def judged_predictions(group: str, planted: Sequence[str], cfg: Config) -> list[str]:
    """Paths of the predictions that a group's verdict weighs; language models give theirs with validation answers."""
    judged = ("linear", "ngram", "additive", "nonlinear", "best_linear", "bayes")
    answering = predictors_of(cfg.variant(group), planted, cfg)
    return [f"results/predictions/{group}/{p}.parquet" for p in judged if p in answering]


def pair_references(group: str, cfg: Config) -> list[str]:
    """Paths of the predictions that the gain of pairs is measured by; none where the config leaves out networks."""
    found = ("linear", *registry.NETWORKS) if cfg.predictors.nonlinear else ()
    return [f"results/predictions/{group}/{p}.parquet" for p in found]


def held_out_answers(group: str, cfg: Config) -> list[str]:
    """Answers to validation contexts of what was trained on a group's contexts."""
    found = ["results/nonlinear/{}/validation.safetensors"] if cfg.predictors.nonlinear else []
    return [path.format(group) for path in [*found, "results/counts/{}/validation.safetensors"]]


def language_model_answers(group: str, cfg: Config) -> list[str]:
    """Answers of all language models to a group's question, those of the one-layer model first."""
    own = [f"results/one_layer/{group}/answers.safetensors"] if cfg.predictors.one_layer else []
    return [*own, *(f"results/causal_lms/{group}/{lm}.safetensors" for lm in cfg.predictors.causal_lms)]


def network_metrics(group: str, cfg: Config) -> list[str]:
    """What `train_nonlinear` says of the planted interaction; none where the config leaves it out."""
    return [f"results/nonlinear/{group}/metrics.json"] if cfg.predictors.nonlinear else []


def compared_groups(variants: Sequence[Variant]) -> list[tuple[str, str, str]]:
    """(group, variant by word, variant by token) of every group that is built both ways."""
    by_group: dict[str, dict[str, str]] = {}
    for v in variants:
        by_group.setdefault(v.group, {})[v.match] = v.name
    return [(g, found["word"], found["token"]) for g, found in by_group.items() if len(found) == 2]


def report_sources(root: Path | str) -> list[str]:
    """The sources in `report/`, relative to where the workflow runs, so that a moved checkout is not stale."""
    return sorted(
        os.path.relpath(p, Path.cwd())
        for p in Path(root, "report").rglob("*")
        if p.is_file() and p.name[0] != "."
    )


def renderer(cfg: Config, workflow: Any) -> Callable[[Any], dict[str, str]]:
    """The param `renderer` of the rules that render: a `Renderer` as a dict, so its versions make them stale.

    Found when the workflow is planned, by one `quarto --version` for both rules. Raises `UserError` then, before any
    job runs, where the config asks for Quarto and there is none that can be used. A process that runs a single job
    looks only if that job renders: a compute node that trains a model needs no Quarto.
    """
    in_container = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method

    @cache
    def found() -> dict[str, str]:
        return asdict(choose_renderer(cfg.report.renderer, in_container))

    if workflow.exec_mode == ExecMode.DEFAULT:
        found()
    return lambda wildcards: found()


def human_labels(root: Path | str, cfg: Config) -> dict[str, list[str]]:
    """The label files of this build by group, for the groups that people have labelled."""
    found = {group: label_files(root, cfg.corpus.name, group) for group in cfg.groups}
    return {group: files for group, files in found.items() if files}


def page_sources() -> list[str]:
    """The files that labelling pages are made of, relative to where the workflow runs."""
    return [os.path.relpath(p, Path.cwd()) for p in page_files()]


def other_answers(group: str, cfg: Config) -> list[str]:
    """What else answers a group's validation contexts: the non-linear predictor, causal LMs."""
    network = [f"results/nonlinear/{group}/validation.safetensors"] if cfg.predictors.nonlinear else []
    return network + [f"results/causal_lms/{group}/{lm}.safetensors" for lm in cfg.predictors.causal_lms]


def explorer_sources() -> list[str]:
    """The files that the explorer's page is made of, relative to where the workflow runs."""
    return [os.path.relpath(p, Path.cwd()) for p in template_files()]


def config_names(files: Sequence[str], root: Path | str) -> str:
    """`config.yaml`, or `config.yaml, with a.yaml and b.yaml laid over it`, whatever order Snakemake has them in."""
    own = [Path(f).name for f in overlays(files, root)]
    return "config.yaml" + (f", with {' and '.join(own)} laid over it" if own else "")


def in_checkout(path: Path | str, root: Path | str) -> str:
    """A path as it is named from the checkout at `root`, if it lies there."""
    whole, checkout_ = Path(path).resolve(), Path(root).resolve()
    return str(whole.relative_to(checkout_)) if whole.is_relative_to(checkout_) else str(whole)


def overlays(files: Sequence[str], root: Path | str) -> list[str]:
    """The config files that are laid over `config.yaml`, as they are named from the checkout."""
    return [in_checkout(f, root) for f in files if Path(f).resolve() != Path(root, "config.yaml").resolve()]


def rule_rooms(root: Path | str) -> dict[str, str]:
    """The room of every rule: the name of the file in `workflow/rules` that it stands in."""
    files = sorted(Path(root, "workflow", "rules").glob("*.smk"))
    named = [
        (f.stem, re.findall(r"^rule (\w+):", f.read_text(encoding="utf-8"), re.MULTILINE)) for f in files
    ]
    return {rule: room for room, rules in named for rule in rules}


def report_metadata(cfg: Config, files: Sequence[str], root: Path | str) -> Metadata:
    """What the report says of the config.

    `files` are the config's, `root` is the checkout, whose `human/` is looked through.
    """
    labels = human_labels(root, cfg)
    lms = [PredictorMetadata(id=name, title=lm.title) for name, lm in cfg.predictors.causal_lms.items()]
    given = [name for name, lm in cfg.predictors.causal_lms.items() if lm.train is None]
    ruled = rule_files(root, cfg, planted_groups(cfg))
    left_out = [*cfg.left_out(), *(() if ruled else registry.RULES)]
    known = [PredictorMetadata(id=p.id, title=p.title) for p in registry.PREDICTORS if p.id not in left_out]
    return Metadata(
        title=cfg.report.title,
        corpus=CorpusMetadata(name=cfg.corpus.name, title=cfg.corpus.title, source=cfg.corpus.source),
        variants=[
            VariantMetadata(name=v.name, group=v.group, title=v.title, candidates=v.candidates, match=v.match)
            for v in cfg.variants()
        ],
        predictors=known + lms,
        language_models=list(cfg.predictors.causal_lms),
        given_models=given,
        baseline=cfg.baseline(),
        training_group=cfg.figures.training_group,
        tiles_group=cfg.figures.tiles_group,
        tiles={file: token for token, file in cfg.figures.tile_files().items()},
        shown_tokens=cfg.figures.tokens,
        sentence=cfg.figures.sentence,
        resamples=cfg.predictors.linear.resamples,
        length=cfg.contexts.length,
        vocabulary=cfg.tokenizer.vocabulary,
        confidence=cfg.evaluation.confidence,
        bootstrap=cfg.evaluation.bootstrap,
        excerpts=cfg.report.excerpts,
        device=cfg.device,
        config_text=yaml.safe_dump(
            # The renderer changes no content: the colophon names it, and with another one nothing is filled in again.
            cfg.model_dump(mode="json", exclude_defaults=True, exclude={"report": {"renderer"}}),
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=100,
        ),
        rooms=rule_rooms(root),
        human_labels=[f"{group}/{Path(f).stem}" for group, files in labels.items() for f in files],
        human_ignored=ignored_files(root, cfg.corpus.name, list(cfg.groups)),
        rules_ignored=ignored_rules(root, cfg, ruled),
        config=config_names(files, root),
    )
