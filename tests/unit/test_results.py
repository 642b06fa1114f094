"""Reading a finished sweep."""

import numpy as np
import pytest
from shard_attributes import shard_attributes

from jacspec.data.storage import PointBlock, write_points
from jacspec.errors import JacspecError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.results import open_sweep
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.shards import SpectraFile, write_shard

COUNTS = (5, 5, 2)


@pytest.fixture
def results(tmp_path):
    """One model, one data set of 12 points in three shards."""
    folder = tmp_path / "results"
    autoencoder = initialized_autoencoder(3, (16, 8, 4), 0)
    save_weights(folder / "paper" / "models" / "d3_seed0" / "weights.pt", autoencoder)
    pixels = np.random.default_rng(3).random((sum(COUNTS), 784), dtype=np.float32)
    first = 0
    for shard, count in enumerate(COUNTS):
        points = pixels[first : first + count]
        write_points(
            folder / "points" / f"noise.{shard}.h5",
            [PointBlock(points)],
            dataset="noise",
            first=first,
            count=count,
            attributes={},
            compressed=False,
        )
        write_shard(
            folder / "paper" / "spectra" / "noise" / f"d3_seed0.{shard}.h5",
            [jacobian_spectra(autoencoder, points).columns()],
            count=count,
            attributes=shard_attributes(dataset="noise", first=first),
        )
        first += count
    return folder, pixels


def test_opening_reads_nothing(results, monkeypatch):
    def refuse(*_arguments, **_keywords):
        raise AssertionError("a file was opened before anything was asked for")

    monkeypatch.setattr("h5py.File", refuse)
    monkeypatch.setattr(SpectraFile, "__init__", refuse)
    sweep = open_sweep(results[0])
    spectra = sweep.model(latent_dim=3, seed=0).spectra("noise")
    assert (sweep.latent_dims, sweep.seeds, sweep.datasets) == ([3], [0], ["noise"])
    with pytest.raises(AssertionError, match="asked for"):
        spectra["eigenvalues_input"]


def test_only_the_columns_that_are_asked_for_are_read(results, monkeypatch):
    asked = []
    read = SpectraFile.read

    def recorded(self, names, start=0, stop=None):
        asked.extend(names)
        return read(self, names, start, stop)

    monkeypatch.setattr(SpectraFile, "read", recorded)
    frame = open_sweep(results[0]).model(3, 0).spectra("noise").frame()
    assert frame.index.tolist() == list(range(12))
    assert not any("eigenvalues" in name for name in asked)


@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 5), (4, 11), (7, 7), (10, 12)])
def test_shards_read_as_one(results, start, stop):
    folder, pixels = results
    sweep = open_sweep(folder)
    spectra = sweep.model(3, 0).spectra("noise")
    assert len(spectra) == 12
    rows = spectra.read(["index", "eigenvalues_input"], start, stop)
    assert rows["index"].tolist() == list(range(12))[start:stop]
    np.testing.assert_array_equal(
        rows["eigenvalues_input"], spectra["eigenvalues_input"][start:stop]
    )
    np.testing.assert_array_equal(sweep.pixels("noise", start, stop), pixels[start:stop])


def test_spectra_of_own_images_are_those_of_the_shards(results):
    folder, pixels = results
    model = open_sweep(folder).model(3, 0)
    own = model.spectra_of(pixels.reshape(-1, 28, 28))
    # Same weights, same arithmetic, other batches: equal up to the float32 they are stored in.
    stored = model.spectra("noise")["eigenvalues_input"]
    np.testing.assert_allclose(own.eigenvalues_input, stored, rtol=1e-5, atol=1e-7)


def test_what_is_not_there_is_named(results):
    folder, _ = results
    with pytest.raises(JacspecError, match="no models"):
        open_sweep(folder / "models")
    sweep = open_sweep(folder)
    with pytest.raises(JacspecError, match=r"d = \[3\], seeds \[0\]"):
        sweep.model(4, 0)
    with pytest.raises(JacspecError, match="is the name right"):
        sweep.model(3, 0).spectra("nosie")
    with pytest.raises(ValueError, match="divide by 255"):
        sweep.model(3, 0).spectra_of(np.full((28, 28), 255))
