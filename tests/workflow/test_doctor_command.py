"""`snakemake doctor` on a finished sweep: sound, then damaged, incomplete and out of date."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

WEIGHTS = "results/paper/models/d2_seed0/weights.pt"
SHARD = "results/paper/spectra/uniform/d5_seed1.0.h5"
# Kinds of results that only their receipts can tell to be damaged.
OTHERS = (
    "results/paper/claims.csv",
    "results/paper/claims.md",
    "results/paper/theorems.csv",
    "results/paper/theorems.md",
    "results/paper/figures/theorems.pdf",
    "results/paper/detection.csv",
    "results/paper/detection.md",
    "results/paper/figures/detection.png",
    "results/report.html",
    "results/record.json",
    "results/summary.csv",
    "results/paper/reduced/d2_seed0/evidence.csv",
    "results/paper/reduced/d2_seed0/evidence.h5",
    "results/paper/reduced/d2_seed0/view.json",
    "results/paper/figures/figure_5.pdf",
)


@pytest.fixture
def doctor(project, tiny_sweep, snakemake, tmp_path) -> tuple[Path, Callable]:
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")

    def call(*arguments: str, succeeds: bool = True) -> tuple[str, dict[str, str]]:
        """Return the last line, and the line of each file by its path."""
        output = snakemake(
            folder,
            *("doctor", "--configfile", str(project / "tests" / "workflow" / "tiny.yaml")),
            *arguments,
            succeeds=succeeds,
        ).stdout
        lines = re.findall(r"^(?:damaged|missing|stale|unknown): ([^:]+): .*$", output, re.M)
        whole = re.findall(r"^(?:damaged|missing|stale|unknown): [^:]+: .*$", output, re.M)
        (counts,) = re.findall(r"files examined: (.*)", output)
        return counts, dict(zip(lines, whole, strict=True))

    return folder, call


def planned(output: str) -> set[str]:
    """Return the outputs of the jobs that a dry run lists."""
    lines = re.findall(r"^    output: (.*)$", output, re.M)
    return {path for line in lines for path in line.split(", ")}


def test_a_finished_sweep_is_sound_and_its_faults_are_listed(doctor):
    folder, call = doctor
    counts, lines = call()
    assert lines == {}
    assert counts == "0 damaged, 0 missing, 0 stale, 0 unknown"

    for path in (SHARD, *OTHERS):
        content = bytearray((folder / path).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / path).write_bytes(content)
    (folder / "results/points/uniform.1.h5").unlink()
    shutil.copy2(folder / "results/paper/models/d2_seed1/weights.pt", folder / WEIGHTS)
    counts, lines = call(succeeds=False)
    assert f"{1 + len(OTHERS)} damaged, 1 missing" in counts
    assert {path for path, line in lines.items() if line.startswith("damaged")} == {SHARD, *OTHERS}
    assert lines["results/points/uniform.1.h5"].startswith("missing: ")
    assert lines[WEIGHTS].startswith("unknown: ")
    assert "--force" not in lines[WEIGHTS]
    stale_spectra = [line for line in lines.values() if line.startswith("stale: results/paper/sp")]
    assert len(stale_spectra) == 10
    assert all(f"it was made from another {WEIGHTS}" in line for line in stale_spectra)
    assert not (folder / "results/points/uniform.1.h5").exists()


@pytest.mark.parametrize(
    ("setting", "path", "reason"),
    [
        ("sample_seed=1", "results/points/uniform.0.h5", "sample_seed was 0, is 1"),
        ("training={learning_rate: 0.002}", WEIGHTS, "learning_rate was 0.001, is 0.002"),
        ("spectra={precision: float32}", SHARD, "precision was 'float64', is 'float32'"),
    ],
)
def test_what_snakemake_would_make_again_is_stale(
    doctor, snakemake, project, setting, path, reason
):
    folder, call = doctor
    configured = ("--configfile", str(project / "tests/workflow/tiny.yaml"), "--config", setting)
    to_be_made = planned(snakemake(folder, "--dry-run", *configured).stdout)
    counts, lines = call("--config", setting)
    assert counts == f"0 damaged, 0 missing, {len(to_be_made)} stale, 0 unknown"
    assert set(lines) == to_be_made
    assert lines[path].startswith(f"stale: {path}: {reason}. Make it again with: snakemake")


def test_the_command_makes_the_file_of_the_same_sweep(doctor, snakemake):
    folder, call = doctor
    (folder / SHARD).unlink()
    _, lines = call("--config", "chunk_size=50", "spectra={eigensolver: lapack}")
    command = shlex.split(lines[SHARD].partition("Make it again with: ")[2])
    assert command[:4] == ["snakemake", "--cores", "1", SHARD]
    options = command[command.index("--directory") :]
    assert options[:2] == ["--directory", str(folder)]
    assert options[2:4] == ["--configfile", "tests/workflow/tiny.yaml"]
    assert planned(snakemake(folder, *command[1:], "--dry-run").stdout) == {SHARD}
