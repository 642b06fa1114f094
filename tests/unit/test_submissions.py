"""Where a setting of a request comes from, so that a person can change it."""

import pytest

from sweep.submissions import SettingSources

PROFILE = """\
# default-resources:
#   - slurm_account=commented_out
default-resources:
  - slurm_partition=main
  - qos=normal
set-resources:
  random_points: {slurm_partition: cpu, mem_mb: 600}
  train_model:
    runtime: 90
"""


@pytest.fixture
def profile(tmp_path):
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster/config.yaml").write_text(PROFILE)
    return "cluster"


def sources(folder, *arguments):
    return SettingSources.of(["snakemake", *arguments], folder / "no project", folder)


def test_line_of_a_profile_is_named(tmp_path, profile):
    found = sources(tmp_path, "--profile", profile)
    file = "cluster/config.yaml"
    assert found.of_setting("slurm_partition", "train_model") == (
        f"line 4 of {file}, '- slurm_partition=main'"
    )
    assert found.of_setting("slurm_partition", "random_points").startswith(f"line 7 of {file}")
    assert found.of_setting("runtime", "train_model") == f"line 9 of {file}, 'runtime: 90'"
    assert found.of_setting("slurm_account", "train_model") is None
    assert found.profile == file


def test_command_line_prevails(tmp_path, profile):
    arguments = (f"--profile={profile}", "--set-resources", "train_model:runtime=7", "qos=high")
    found = sources(tmp_path, *arguments)
    assert found.of_setting("runtime", "train_model") == "train_model:runtime=7 of the command line"
    assert found.of_setting("qos", "train_model") == "qos=high of the command line"
    assert (
        found.of_setting("runtime", "random_points")
        == "line 9 of cluster/config.yaml, 'runtime: 90'"
    )


def test_without_a_profile_one_is_advised(tmp_path):
    found = sources(tmp_path)
    assert found.of_setting("runtime", "train_model") is None
    assert found.profile == "a profile"
