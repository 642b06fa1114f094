"""One model reduced: the same from shards of any size, and from files of one sweep only."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from shard_attributes import shard_attributes

from jacspec.claims.evidence import write_model_evidence
from jacspec.data.storage import PointBlock, write_points
from jacspec.detection.model_detection import write_detection
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.network import load_network
from jacspec.models.weights import save_weights
from jacspec.provenance import sha256_of_file
from jacspec.reduction import ReducedModel, reduce_model
from jacspec.report.model_view import write_model_view
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.quantities import TYPES
from jacspec.spectra.runs import UnrelatedFilesError
from jacspec.spectra.shards import SpectraFile, write_shard
from jacspec.statistics.summary import write_model_statistics

KEY = ModelKey("paper", 3, 0)
POINTS = 250
# `make soak`: more points than the claims and the theorems read.
SOAK = bool(os.environ.get("JACSPEC_SOAK"))


def images() -> PointBlock:
    return PointBlock(
        np.random.default_rng(0).beta(0.5, 2, (POINTS, 784)).astype(np.float32),
        np.arange(POINTS) % 10,
        (np.arange(POINTS) % 3 == 0).astype(np.uint8),
        np.arange(POINTS),
    )


def noise() -> PointBlock:
    return PointBlock(np.random.default_rng(1).random((POINTS, 784), dtype=np.float32))


SETS = {"uniform": noise, "mnist": images, "other_images": images}


@dataclass
class Sweep:
    """Files of one model, and what `reduce_model` makes of them."""

    folder: Path
    weights: Path
    spectra: dict[str, list[Path]]
    points: dict[str, list[Path]]

    def reduced(self) -> ReducedModel:
        return reduce_model(self.weights, self.spectra, self.points, key=KEY, training_set="mnist")

    def rewritten(self, which: str, change: Callable[[dict], None] | None = None, **attributes):
        """Write the first spectra shard of a data set anew, with other columns and attributes."""
        path = self.spectra[which][0]
        with SpectraFile(path) as file:
            columns, known, count = file.read(list(TYPES)), dict(file.attributes), file.count
        if change:
            change(columns)
        del known["format_version"]
        write_shard(path, [columns], count=count, attributes={**known, **attributes})


def sweep_in(folder: Path, shard_size: int) -> Sweep:
    weights = folder / "weights.pt"
    # With these few units, x and y have one pattern at some points: a twelfth of them.
    save_weights(weights, initialized_autoencoder(3, (3, 3), seed=2))
    sweep = Sweep(folder, weights, {}, {})
    for dataset, make in SETS.items():
        points = make()
        columns = jacobian_spectra(load_network(weights), points.points).columns()
        sweep.spectra[dataset], sweep.points[dataset] = [], []
        for number, first in enumerate(range(0, POINTS, shard_size)):
            rows = slice(first, first + shard_size)
            own = points[rows]
            points_path = folder / f"{dataset}.{number}.h5"
            write_points(
                points_path,
                [own],
                dataset=dataset,
                first=first,
                count=len(own),
                attributes={"image_shape": (28, 28)},
                compressed=False,
            )
            spectra_path = folder / f"{dataset}.spectra.{number}.h5"
            write_shard(
                spectra_path,
                [{name: values[rows] for name, values in columns.items()}],
                count=len(own),
                attributes=shard_attributes(
                    dataset=dataset,
                    first=first,
                    weights_sha256=sha256_of_file(weights),
                    points_sha256=sha256_of_file(points_path),
                ),
            )
            sweep.points[dataset].append(points_path)
            sweep.spectra[dataset].append(spectra_path)
    return sweep


@pytest.fixture
def sweep(tmp_path) -> Sweep:
    return sweep_in(tmp_path, POINTS)


def written(reduced: ReducedModel, folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files that a model is reduced to, without hashes of others."""
    for own in reduced.view["datasets"].values():
        del own["points_sha256"]
    folder.mkdir()
    write_model_statistics(folder / "statistics.csv", reduced.statistics, KEY)
    write_model_evidence(folder / "evidence.csv", folder / "evidence.h5", reduced.evidence)
    write_model_statistics(folder / "theorems.csv", reduced.theorems, KEY)
    write_detection(folder / "detection.csv", reduced.detection)
    write_model_view(folder / "view.json", reduced.view)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_points_in_other_shards_give_the_same_bytes(tmp_path, monkeypatch):
    points = 15_000 if SOAK else POINTS
    monkeypatch.setitem(globals(), "POINTS", points)
    # Several blocks, that end within shards.
    monkeypatch.setattr("jacspec.reduction.BLOCK_POINTS", points * 9 // 25)
    found = []
    for shard_size in (points, points * 2 // 25):
        folder = tmp_path / str(shard_size)
        reduced = sweep_in(folder, shard_size).reduced()
        found.append(written(reduced, folder / "reduced"))
        checked = [row.value for row in reduced.theorems if row.statistic == "I.1_points_checked"]
        assert len(checked) == 3
        assert min(checked) > 2
    assert len(found[0]) == 6
    for name, content in found[0].items():
        assert content == found[1][name], name


def test_data_sets_keep_their_order_and_other_images_take_no_part_in_claims(sweep):
    reduced = sweep.reduced()
    for rows in (reduced.statistics[:-1], reduced.theorems):
        assert list(dict.fromkeys(row.dataset for row in rows)) == list(SETS)
    assert list(reduced.view["datasets"]) == list(SETS)
    assert {row.dataset for row in reduced.detection} == {"uniform", "other_images"}
    assert "other_images" not in {quantity.dataset for quantity in reduced.evidence.draws}


def test_every_row_of_spectra_is_read_once(sweep, monkeypatch):
    rows = []
    read = SpectraFile.read

    def counted(self, names, start=0, stop=None):
        columns = read(self, names, start, stop)
        rows.append(len(next(iter(columns.values()))))
        return columns

    monkeypatch.setattr(SpectraFile, "read", counted)
    sweep.reduced()
    assert sum(rows) == len(SETS) * POINTS


def test_another_number_of_points_than_the_training_set_has_is_refused(tmp_path):
    sweep = sweep_in(tmp_path, 125)
    sweep.spectra["mnist"].pop()
    with pytest.raises(UnrelatedFilesError, match="are of 125 points, but the data set has 250"):
        sweep.reduced()


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"seed": 1}, r"uniform\.spectra\.0\.h5 is of paper, d = 3, seed 1 in float64, not of"),
        ({"precision": "float32"}, r"mnist\.spectra\.0\.h5 is of .* in float64, not .* in float32"),
        ({"dataset": "mnist"}, r"uniform\.spectra\.0\.h5 is of the data set mnist, not of uniform"),
        ({"weights_sha256": "1" * 64}, r"uniform\.spectra\.0\.h5 is of other weights than"),
        ({"points_sha256": "1" * 64}, r"uniform\.spectra\.0\.h5 is of other points than those in"),
        ({"first": 20}, r"uniform\.spectra\.0\.h5 begins with point 20, where point 0 is next"),
    ],
)
def test_spectra_of_another_sweep_are_refused_by_name(sweep, attributes, words):
    sweep.rewritten("uniform", **attributes)
    with pytest.raises(UnrelatedFilesError, match=words):
        sweep.reduced()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("eigenvalues_input", np.nan),
        ("eigenvalues_latent", np.inf),
        ("logabsdet_input", np.nan),
        ("trace_latent", np.inf),
        ("reconstruction_error", np.nan),
    ],
)
def test_numbers_that_cannot_be_are_refused(sweep, name, value):
    def damage(columns):
        columns[name].flat[-1] = value

    sweep.rewritten("uniform", damage)
    with pytest.raises(DamagedFileError, match=rf"uniform.*{name} has 1 value.* did the training"):
        sweep.reduced()


def test_a_damaged_file_is_refused_though_hashes_are_compared_once(sweep):
    path = sweep.points["uniform"][0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(JacspecError, match=r"uniform\.0\.h5"):
        sweep.reduced()
