"""What breaks, says so; nothing half-written is taken for finished; a rerun finishes."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from handcraft.commands.compare import compare_builds, result_hashes
from tests.workflow.conftest import OUTPUT, Checkout


@pytest.mark.timeout(900)  # two whole builds, and whatever else the machine does
def test_two_clean_builds_are_byte_identical(finished: Checkout, new_checkout) -> None:  # type: ignore[no-untyped-def]
    second = new_checkout()
    second.snakemake("--quiet=rules")
    assert len(result_hashes(finished.path)) > 50
    assert compare_builds(finished.path, second.path) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_build_that_was_stopped_is_finished_by_a_rerun(
    finished: Checkout,
    new_checkout,  # type: ignore[no-untyped-def]
    how: signal.Signals,
) -> None:
    checkout, target = new_checkout(), "results/predictions/conjunctions/small-llama.parquet"
    running = subprocess.Popen(
        checkout.command(target),
        cwd=checkout.path,
        env=checkout.environment(),
        start_new_session=True,
        # Who runs the tests in the background of a shell has Ctrl-C switched off, for all that is started from there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **OUTPUT,  # type: ignore[call-overload]
    )
    until = time.monotonic() + 120
    while not (checkout.path / "logs" / "train_llama").exists() and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(running.pid, how)
    running.communicate()
    assert not (checkout.path / target).exists()
    if how == signal.SIGKILL:
        assert "--unlock" in checkout.snakemake(target, expect=1)
        checkout.snakemake("--unlock")
    checkout.snakemake(target)
    made = result_hashes(checkout.path)
    assert "predictions/conjunctions/small-llama.parquet" in made
    assert made.items() <= result_hashes(finished.path).items()
    assert not list(checkout.path.rglob("*.partial"))


def test_files_that_are_not_there_are_named_before_any_job(new_checkout) -> None:  # type: ignore[no-untyped-def]
    checkout = new_checkout()
    said = checkout.snakemake("--dry-run", "config/tinystories-files.yaml", expect=1)
    assert "data/tinystories/*train*.txt" in said
    (checkout.path / "data" / "tinystories").mkdir(parents=True)
    for name in ("train", "valid"):
        (checkout.path / "data" / "tinystories" / f"x-{name}.txt").write_text("A story.")
    assert "retrieve_causal_lm(lm=stories260k)" in checkout.planned("config/tinystories-files.yaml")


def test_a_missing_model_is_told_and_the_others_stand(built: Checkout) -> None:
    overlay = built.path / "more.yaml"
    lm = "predictors: {causal_lms: {absent: {title: Absent model, model: ./models/absent, extra_contexts: 100}}}"
    overlay.write_text(lm)
    said = built.snakemake("more.yaml", "results/report/source", "results/models/absent.json")
    assert "Absent model (absent) is left out of this build: there is no such directory" in said
    assert said.index("is left out") < said.index("rule predict_causal_lm")
    text = (built.path / "results" / "report" / "source" / "_language_models.qmd").read_text()
    assert "**Absent model** could not be queried" in text
    assert "tbl-lm-small-llama" in text
    # Each build tries it again, and nothing else; once it is there, its answers are made.
    assert built.planned("more.yaml", "results/report/source") >= {"retrieve_causal_lm(lm=absent)"}
    shutil.copytree(built.path / "results" / "models" / "small-llama", built.path / "models" / "absent")
    built.snakemake("more.yaml", "results/report/source")
    text = (built.path / "results" / "report" / "source" / "_language_models.qmd").read_text()
    assert "could not be queried" not in text
    assert "tbl-lm-absent" in text


def test_a_misspelt_key_ends_the_dry_run_with_the_nearest_name(new_checkout) -> None:  # type: ignore[no-untyped-def]
    checkout = new_checkout()
    (checkout.path / "wrong.yaml").write_text("predictors:\n  linaer: {gap: 0.1}\n")
    said = checkout.snakemake("--dry-run", "wrong.yaml", expect=1)
    assert "predictors.linaer: unknown key; did you mean 'linear'?" in said
    assert "wrong.yaml, line 2" in said


def test_a_word_that_is_no_single_token_is_refused_by_name(built: Checkout) -> None:
    (built.path / "wrong.yaml").write_text("groups: {animals: [' dog', ' hippopotamus']}\n")
    said = built.snakemake("wrong.yaml", "results/contexts/animals/summary.json", expect=1)
    assert '" hippopotamus"' in said
    assert "groups.animals" in said


def test_all_wrong_words_of_a_config_are_listed_at_once_and_nothing_is_lost(new_checkout) -> None:  # type: ignore[no-untyped-def]
    checkout = new_checkout()
    overlay = checkout.path / "wrong.yaml"
    overlay.write_text(
        "groups: {animals: [' dog', ' hippopotamus'], birds: [' bird', ' albatross']}\n"
        "figures: {tiles: [',', ' xylophone']}\n"
    )
    said = checkout.snakemake("--quiet", "--cores=1", "wrong.yaml", expect=1)
    for key, word in (
        ("groups.animals", " hippopotamus"),
        ("groups.birds", " albatross"),
        ("figures.tiles", " xylophone"),
    ):
        assert f'{key}: "{word}" is ' in said
    ran = {job.name.removesuffix(".log") for job in (checkout.path / "logs").iterdir()}
    assert ran == {"retrieve_corpus", "train_tokenizer", "check_words"}, "nothing needs the tokenizer earlier"
    overlay.write_text("groups: {animals: [' dog', ' cat']}\n")
    rest = {job.split("(")[0] for job in checkout.planned("wrong.yaml")}
    assert "check_words" in rest
    assert not {"retrieve_corpus", "train_tokenizer"} & rest


def test_a_wrong_word_in_a_finished_build_reruns_nothing_else(built: Checkout) -> None:
    (built.path / "wrong.yaml").write_text("figures: {tiles: [' hippopotamus']}\n")
    report = "results/report/source"
    said = built.snakemake("wrong.yaml", report, expect=1)
    assert 'figures.tiles: " hippopotamus"' in said
    rest = {job.split("(")[0] for job in built.planned(report)}
    assert {"check_words", "fill_report"} <= rest
    assert rest <= {"check_words", "fill_report", "plot_tiles", "plot_strips", "evaluate_data_claims"}


def test_a_candidate_that_never_occurs_is_refused_by_name(built: Checkout) -> None:
    (built.path / "wrong.yaml").write_text("groups: {signs: [' dog', '~']}\n")
    said = built.snakemake("wrong.yaml", "results/contexts/signs/summary.json", expect=1)
    assert "~" in said
    assert "groups.signs" in said


@pytest.mark.parametrize("damage", ["truncate", "garbage"])
def test_a_damaged_artifact_is_named(built: Checkout, damage: str) -> None:
    path = built.path / "results" / "contexts" / "conjunctions" / "test.safetensors"
    path.write_bytes(path.read_bytes()[:1000] if damage == "truncate" else b"\xff" * 1000)
    said = built.snakemake("results/predictions/conjunctions/majority.parquet", "--force", expect=1)
    assert "results/contexts/conjunctions/test.safetensors" in said
    assert "snakemake --forcerun results/contexts/conjunctions/test.safetensors" in said


@pytest.mark.parametrize("overlay", ["config/tinystories.yaml", None])
def test_both_configs_pass_a_dry_run_without_network(new_checkout, overlay: str | None) -> None:  # type: ignore[no-untyped-def]
    checkout = new_checkout()
    (checkout.path / "tests-reduced.yaml").write_text("{}\n")
    said = checkout.snakemake("--dry-run", *([overlay] if overlay else []))
    assert "render_pdf" in said
