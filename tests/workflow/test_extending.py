"""What docs/extending.md adds to the project, added to a copy of it, comes out of a sweep."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from conftest import TINY
from jacspec import layout
from jacspec.data.storage import PointsFile
from jacspec.key import ModelKey
from jacspec.spectra.shards import SpectraFile

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
KINDS = ("a statistic", "a claim", "a figure", "a source of data", "an architecture")
MOST_FILES = 5
VARIANTS = ("paper", "residual")
FIGURES = [layout.FIGURE.format(variant="paper", number=7, format=name) for name in ("pdf", "png")]
SMALL = {
    "datasets": ["mnist", "truncated_normal", "grey"],
    "latent_dims": [2],
    "seeds": [0],
    "samples": 50,
    "shard_size": 50,
    "chunk_size": 50,
    "variants": {"sgd": None},
    "figures": {
        "representatives": {"bright": "grey", "moderate": "truncated_normal", "dark": "grey"}
    },
}


def additions() -> dict[str, dict[str, list[str]]]:
    """Return the page's lines by what is added and by file."""
    sections = re.findall(
        r"^### (.*?)\n.*?^```diff\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return {
        title.lower(): {
            path: lines.splitlines()
            for path, lines in re.findall(r"^--- (.*)\n((?:[ +].*\n)+)", diff, re.MULTILINE)
        }
        for title, diff in sections
    }


def edited(text: str, lines: list[str]) -> str:
    """Return a file's text with the lines that have a plus, each after the one before it."""
    result, left = [], text.splitlines()
    for line in lines:
        if line.startswith("+"):
            result.append(line[1:])
        else:
            # ValueError if the page shows a line that is not there.
            place = left.index(line[1:]) + 1
            result, left = result + left[:place], left[place:]
    return "\n".join([*result, *left]) + "\n"


@pytest.mark.parametrize("kind", KINDS)
def test_no_addition_takes_more_files_than_the_page_says(kind):
    (said,) = re.findall(rf"^\| \[{kind}\].*?\| (\d):", PAGE.read_text("utf-8"), re.MULTILINE)
    assert int(said) == len(additions()[kind]) <= MOST_FILES


def test_lines_that_the_page_shows_stand_in_the_project(project):
    for files in additions().values():
        for name, lines in files.items():
            if (project / name).exists():
                before = (project / name).read_text("utf-8")
                added = [line[1:] for line in lines if line.startswith("+")]
                after = edited(before, lines).splitlines()
                assert len(after) == len(before.splitlines()) + len(added)
                assert set(added) <= set(after)


@pytest.fixture(scope="module")
def sweep(snakemake, mnist, project, tmp_path_factory) -> Path:
    """Return the folder of a small sweep, run by a copy of the project with all additions."""
    copy, folder = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("sweep")
    for name in ("workflow", "envs"):
        shutil.copytree(project / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(project / name, copy / name)
    for files in additions().values():
        for name, lines in files.items():
            path = (folder if name == "my_models.py" else copy) / name
            before = path.read_text("utf-8") if path.exists() else ""
            path.write_text(edited(before, lines), encoding="utf-8")
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    snakemake(
        folder,
        *("--snakefile", copy / "Snakefile"),
        *("--configfile", TINY, folder / "small.yaml"),
        *("--config", f"mnist_source={mnist}", "--"),
        *(layout.VARIANTS, layout.REPORT, *FIGURES),
        *(layout.JOINED_TABLE.format(table=table) for table in ("summary", "claims")),
    )
    return folder


def spectra(folder: Path, variant: str, dataset: str) -> dict[str, np.ndarray]:
    path = ModelKey(variant, 2, 0).path(layout.SPECTRA_SHARD, dataset=dataset, shard=0)
    with SpectraFile(folder / path) as file:
        return file.read(["eigenvalues_input", "eigenvalues_latent", "trace_input"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_statistic_is_in_the_summary(sweep, variant):
    summary = pd.read_csv(sweep / layout.JOINED_TABLE.format(table="summary"))
    for dataset in SMALL["datasets"]:
        columns = spectra(sweep, variant, dataset)
        for jacobian in ("input", "latent"):
            wanted = {
                "variant": variant,
                "dataset": dataset,
                "jacobian": jacobian,
                "statistic": "share_real",
            }
            rows = summary[(summary[list(wanted)] == pd.Series(wanted)).all(axis=1)]
            expected = np.isreal(columns[f"eigenvalues_{jacobian}"]).mean()
            np.testing.assert_allclose(rows["value"], [expected], rtol=1e-12)


def test_the_claim_has_its_evidence_a_row_of_the_matrix_and_a_place_on_the_page(sweep):
    claims = pd.read_csv(sweep / layout.JOINED_TABLE.format(table="claims"))
    judged = claims[claims["claim"] == "C16"]
    assert set(judged["variant"]) == set(VARIANTS)
    for variant in VARIANTS:
        rows = judged[(judged["variant"] == variant) & (judged["statistic"] == "share_real/input")]
        expected = np.isreal(spectra(sweep, variant, "mnist")["eigenvalues_input"]).mean()
        np.testing.assert_allclose(rows["value"], [expected], rtol=1e-12)
    verdicts = pd.read_csv(sweep / layout.VARIANTS)
    assert set(verdicts[verdicts["claim"] == "C16"]["variant"]) == set(VARIANTS)
    words = "On the training set most eigenvalues of J<sub>I</sub> are real."
    assert words in (sweep / layout.REPORT).read_text("utf-8")


def test_the_figure_is_drawn(sweep):
    for path, beginning in zip(FIGURES, (b"%PDF", b"\x89PNG"), strict=True):
        content = (sweep / path).read_bytes()
        assert content.startswith(beginning)
        assert len(content) > 5000


def test_the_source_has_points_and_spectra(sweep):
    with PointsFile(sweep / layout.DATASET_SHARD.format(dataset="grey", shard=0)) as file:
        points = file.read(0, 50)
    assert points.shape == (50, 784)
    assert (points == points[:, :1]).all()
    assert len(set(points[:, 0])) == 50
    assert 0 <= points.min() < points.max() < 0.5
    assert spectra(sweep, "paper", "grey")["eigenvalues_input"].shape == (50, 2)


def test_the_architecture_is_trained_and_evaluated(sweep):
    history = pd.read_csv(sweep / ModelKey("residual", 2, 0).path(layout.TRAINING_HISTORY))
    assert len(history) == 1
    for dataset in SMALL["datasets"]:
        columns = spectra(sweep, "residual", dataset)
        sums = columns["eigenvalues_input"].astype(np.complex128).sum(axis=1)
        # Stored in complex64, each is off by at most 2^-24 of its modulus in either part.
        bound = 2**-23 * np.abs(columns["eigenvalues_input"]).sum(axis=1) + 1e-12
        assert (np.abs(sums - columns["trace_input"]) <= bound).all()
