"""What Snakemake plans: the paper's fan-out, the quick one, and nothing from a broken config."""

import re

import pytest


def planned_jobs(output: str) -> dict[str, int]:
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


def test_fan_out_of_the_papers_sweep(planning, tmp_path):
    jobs = planned_jobs(planning(tmp_path, "--dry-run").stdout)
    assert jobs["train_model"] == 38
    assert jobs["compute_spectra"] == 418
    assert jobs["points"] == 11
    assert jobs["figure"] == 6
    assert jobs["table"] == 2


def test_fan_out_of_the_quick_sweep(planning, tmp_path, project):
    quick = project / "config" / "quick.yaml"
    jobs = planned_jobs(planning(tmp_path, "--dry-run", "--configfile", quick).stdout)
    assert jobs["train_model"] == jobs["reduce_model"] == 15
    assert jobs["compute_spectra"] == 165


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training={learning_rate: fast}", "training.learning_rate: found 'fast' (text)"),
        ("latent_dims=[2,2]", "latent_dims: found [2, 2]; write 2 only once"),
        ("sampels=10", "sampels: unknown key; did you mean samples?"),
    ],
)
def test_a_broken_config_stops_before_any_job(planning, tmp_path, setting, words):
    finished = planning(tmp_path, "--config", setting, succeeds=False)
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "results").exists()
