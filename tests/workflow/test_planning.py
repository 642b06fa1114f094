"""What Snakemake plans: the paper's fan-out, the quick one, and nothing from a broken config."""

import re
from collections import Counter
from math import ceil

import pytest


def planned_jobs(output: str) -> dict[str, int]:
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


def test_fan_out_of_the_papers_sweep(snakemake, tmp_path):
    jobs = planned_jobs(snakemake(tmp_path, "--dry-run").stdout)
    assert jobs["train_model"] == 38
    assert jobs["compute_spectra"] == 418
    assert jobs["points"] == 11
    assert jobs["figure"] == 6
    assert jobs["table"] == 2


def test_fan_out_of_the_quick_sweep(snakemake, tmp_path, project):
    quick = project / "config" / "quick.yaml"
    jobs = planned_jobs(snakemake(tmp_path, "--dry-run", "--configfile", quick).stdout)
    assert jobs["train_model"] == jobs["reduce_model"] == 15
    assert jobs["compute_spectra"] == 165
    assert "compute_singular_values" not in jobs


def test_sets_near_mnist_are_scored_by_singular_values_too(snakemake, tmp_path, project):
    overlays = [project / "config" / f"{name}.yaml" for name in ("quick", "near_ood")]
    jobs = planned_jobs(snakemake(tmp_path, "--dry-run", "--configfile", *overlays).stdout)
    assert jobs["compute_singular_values"] == jobs["compute_spectra"] == 285


def test_families_go_with_sets_near_mnist(snakemake, tmp_path, project):
    names = ("families", "near_ood", "study_maps")
    overlays = [project / "config" / f"{name}.yaml" for name in names]
    jobs = planned_jobs(snakemake(tmp_path, "--dry-run", "--configfile", *overlays).stdout)
    assert jobs["family_statistics"] == 5 * 3
    assert jobs["compute_singular_values"] == 19 * 3


def planned_minutes(output: str) -> dict[str, Counter[str]]:
    """Return what each job on a cluster asks for, by what it makes: points, or all of a model."""
    minutes = {"points": Counter(), "model": Counter()}
    jobs = re.findall(r"^( *)rule (\w+):\n((?:\1 {4}.*\n)+)", output, re.MULTILINE)
    for _, rule, fields in jobs:
        if rule in ("points", "train_model", "compute_spectra", "reduce_model"):
            wildcards = dict(re.findall(r"(\w+)=([^,\s]+)", fields[fields.index("wildcards:") :]))
            is_model = "latent_dim" in wildcards
            keys = ("variant", "latent_dim", "seed") if is_model else ("dataset", "shard")
            made = " ".join(wildcards[key] for key in keys)
            minutes["model" if is_model else "points"][made] += int(wildcards["runtime"])
    return minutes


# Seconds of a core that a model's job needs, from the smallest to the largest, as in the unit tests
# of the estimates.
@pytest.mark.parametrize(
    ("overlay", "least", "most"),
    [("quick", 47, 62), ("ten_thousand_points", 600, 635), (None, 680, 910)],
)
def test_jobs_on_a_cluster_ask_for_at_most_three_times_their_need(
    snakemake, tmp_path, project, overlay, least, most
):
    """In whole minutes, as clusters count; a job of points needs some 15 s with Snakemake twice."""
    arguments = ["--dry-run", "--profile", project / "profiles/slurm"]
    if overlay:
        arguments += ["--configfile", project / f"config/{overlay}.yaml"]
    minutes = planned_minutes(snakemake(tmp_path, *arguments).stdout)
    assert len(minutes["model"]) == (15 if overlay == "quick" else 38)
    assert min(minutes["model"].values()) * 60 > least
    assert max(minutes["model"].values()) * 60 > most
    assert min(minutes["model"].values()) <= 3 * ceil(least / 60)
    assert max(minutes["model"].values()) <= 3 * ceil(most / 60)
    assert len(minutes["points"]) == 11
    assert set(minutes["points"].values()) == {2}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training={learning_rate: fast}", "training.learning_rate: found 'fast' (text)"),
        ("latent_dims=[2,2]", "latent_dims: found [2, 2]; write 2 only once"),
        ("sampels=10", "sampels: unknown key; did you mean samples?"),
    ],
)
def test_a_broken_config_stops_before_any_job(snakemake, tmp_path, setting, words):
    finished = snakemake(tmp_path, "--config", setting, succeeds=False)
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "results").exists()
