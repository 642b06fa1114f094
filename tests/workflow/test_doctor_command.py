"""`snakemake doctor` on a finished sweep: sound, then damaged, incomplete and out of date."""

import shutil

import pytest

WEIGHTS = "results/paper/models/d2_seed0/weights.pt"


@pytest.fixture
def doctor(project, tiny_sweep, snakemake, tmp_path):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")

    def call(*arguments: str, succeeds: bool = True) -> tuple[str, list[str]]:
        output = snakemake(
            folder,
            *("doctor", "--configfile", str(project / "tests" / "workflow" / "tiny.yaml")),
            *arguments,
            succeeds=succeeds,
        ).stdout
        lines = [
            line
            for line in output.splitlines()
            if line.startswith(("damaged:", "missing:", "stale:"))
        ]
        return output, lines

    return folder, call


def test_a_finished_sweep_is_sound_and_its_faults_are_listed(doctor):
    folder, call = doctor
    # The raw files are fetched into the folder of the sweep, or not needed any more.
    output, lines = call()
    assert lines == []
    assert "0 damaged, 0 missing, 0 stale" in output

    shard = folder / "results/paper/spectra/uniform/d5_seed1.0.h5"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    (folder / "results/points/uniform.1.h5").unlink()
    shutil.copy2(folder / "results/paper/models/d2_seed1/weights.pt", folder / WEIGHTS)
    output, lines = call(succeeds=False)
    assert "1 damaged, 1 missing, 10 stale" in output
    assert [line for line in lines if line.startswith("damaged")] == [
        line for line in lines if "results/paper/spectra/uniform/d5_seed1.0.h5" in line
    ]
    assert any(line.startswith("missing: results/points/uniform.1.h5") for line in lines)
    assert (
        sum(WEIGHTS in line and line.startswith("stale: results/paper/spectra") for line in lines)
        == 10
    )
    assert not (folder / "results/points/uniform.1.h5").exists()


def test_another_configuration_makes_results_stale_not_damaged(doctor):
    _, call = doctor
    output, lines = call("--config", "spectra={precision: float32}")
    assert "0 damaged, 0 missing, 40 stale" in output
    assert all("precision is float64, now float32" in line for line in lines)
