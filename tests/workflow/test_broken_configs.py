"""Files that are no configuration are refused before any job, by Snakemake or by the workflow."""

import pytest
from preloaded import run_snakemake

BROKEN = {
    "that do not parse": ("seeds: [0, 1\nsamples: 3\n", "not valid JSON or YAML"),
    "with a tab": ("training:\n\tepochs: 3\n", "tab indentation"),
    "that are a list": ("- seeds\n- samples\n", "with keys at top level"),
    "that are text": ("just text\n", "with keys at top level"),
    "that are empty": ("", "with keys at top level"),
    "with a key twice": (
        "seeds: [0]\nsamples: 100\nseeds: [1]\n",
        "seeds: found in line 1 and again in line 3; keep one of them",
    ),
    "with a key twice in a block": (
        "training:\n  epochs: 1\n  epochs: 2\n",
        "training.epochs: found in line 2 and again in line 3",
    ),
    "with a number for a key": ("1: 2\n", "1: unknown key"),
    "with a number that YAML reads as text": (
        "training:\n  learning_rate: 1e-3\n",
        "training.learning_rate: found '1e-3' (text); write a finite number: YAML reads it as "
        "text; write 0.001",
    ),
    "with null for a block": ("training:\n", "training: found None; write a block of keys"),
    "with a date": ("seeds: 2022-01-01\n", "seeds: found"),
    "with a misspelled key in a block": (
        "figures: {sizes: {figure1: [5, 5]}}\n",
        "figures.sizes.figure1: unknown key; did you mean figure_1?",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_files_are_refused(snakemake, tmp_path, kind):
    text, words = BROKEN[kind]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(text, encoding="utf-8")
    assert words in refused(snakemake, tmp_path, "--configfile", overlay)


def refused(snakemake, folder, *arguments):
    """Return what Snakemake says when it ends in a sentence."""
    said = snakemake(folder, *arguments, succeeds=False).stderr
    assert "Traceback" not in said
    assert not (folder / "results").exists()
    return said


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("seeds: [0]\n# Größe\n", "latin-1", "byte 0xf6 at offset 15, in line 2"),
        ('{"seeds": [0],\n"ß": 1}\n', "latin-1", "byte 0xdf at offset 16, in line 2"),
        ("seeds: [0]\n", "utf-16", "byte 0xff at offset 0, in line 1"),
    ],
)
def test_files_of_another_encoding_are_refused(snakemake, tmp_path, text, encoding, found):
    first, other = tmp_path / "first.yaml", tmp_path / "other.conf"
    first.write_text("samples: 300\n", encoding="utf-8")
    other.write_text(text, encoding=encoding)
    arguments = ("--config", "chunk_size=100", "--configfile", first, other, "--", "doctor")
    assert (
        f"--configfile {other}: found {found}, which is not UTF-8; save the file as UTF-8\n"
    ) in refused(snakemake, tmp_path, *arguments)


def test_files_that_cannot_be_read_are_refused(snakemake, tmp_path):
    missing = tmp_path / "missing.yaml"
    said = refused(snakemake, tmp_path, f"--configfile={missing}")
    assert f"--configfile {missing}: No such file or directory; name a file that" in said
    said = refused(snakemake, tmp_path, "--configfile", tmp_path)
    assert f"--configfile {tmp_path}: Is a directory; name a file that can be read" in said


def test_a_configuration_of_another_encoding_is_refused(clone, tmp_path):
    configuration = clone / "config.yaml"
    configuration.write_bytes(b"# Gr\xf6\xdfe\n" + configuration.read_bytes())
    finished = run_snakemake(["--cores", "1", "--directory", str(tmp_path / "sweep")], clone)
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert f"{configuration}: found byte 0xf6 at offset 4, in line 1, which is" in finished.stderr


def test_json_with_tabs_is_read(snakemake, tmp_path):
    overlay = tmp_path / "overlay.json"
    overlay.write_text('{\n\t"samples":\t300,\n\t"seeds": [0]\n}\n')
    said = snakemake(tmp_path, "--dry-run", "--configfile", overlay).stdout
    assert "d20_seed0" in said
    assert "d20_seed1" not in said
