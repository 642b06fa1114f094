"""Files that are no configuration are refused before any job, by Snakemake or by the workflow."""

import pytest

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
def test_files_are_refused(planning, tmp_path, kind):
    text, words = BROKEN[kind]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(text, encoding="utf-8")
    finished = planning(tmp_path, "--configfile", str(overlay), succeeds=False)
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "results").exists()
