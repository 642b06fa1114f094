"""Reading a finished sweep."""

from pathlib import Path

import numpy as np
import own_autoencoders
import pytest
import torch
from shard_attributes import shard_attributes

from jacspec.autoencoders.evaluation import jacobian_spectra as spectra_of_any
from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.own import write_own_weights
from jacspec.claims.rows import HEADER
from jacspec.data.storage import PointBlock, write_points
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.provenance import sha256_of_file
from jacspec.results import open_sweep
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.runs import PointsRun, SpectraRun
from jacspec.spectra.shards import SpectraFile, write_shard
from jacspec.statistics import summary
from jacspec.tables import write_table
from jacspec.variants import matrix

COUNTS = (5, 5, 2)


@pytest.fixture
def results(tmp_path):
    """One model, one data set of 12 points in three shards."""
    folder = tmp_path / "results"
    autoencoder = initialized_autoencoder(3, (16, 8, 4), 0)
    weights = folder / "paper" / "models" / "d3_seed0" / "weights.pt"
    save_weights(weights, autoencoder)
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
            attributes=shard_attributes(
                dataset="noise", first=first, weights_sha256=sha256_of_file(weights)
            ),
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


def shard_of_points(folder, dataset, shard, first, count, **attributes):
    write_points(
        folder / "points" / f"{dataset}.{shard}.h5",
        [PointBlock(np.full((count, 784), 0.25, dtype=np.float32))],
        dataset=dataset,
        first=first,
        count=count,
        attributes=attributes,
        compressed=False,
    )


def shard_of_spectra(folder, shard, *, first, count, **attributes):
    autoencoder = initialized_autoencoder(3, (16, 8, 4), 0)
    points = np.full((count, 784), 0.25, dtype=np.float32)
    weights = folder / "paper/models/d3_seed0/weights.pt"
    known = {"dataset": "noise", "first": first, "weights_sha256": sha256_of_file(weights)}
    path = folder / "paper/spectra/noise" / f"d3_seed0.{shard}.h5"
    write_shard(
        path,
        [jacobian_spectra(autoencoder, points).columns()],
        count=count,
        attributes=shard_attributes(**{**known, **attributes}),
    )
    return path


def test_a_name_that_another_one_begins_with_is_read_exactly(results):
    folder, _ = results
    shard_of_points(folder, "bernoulli_0.13", 0, 0, 3)
    sweep = open_sweep(folder)
    with pytest.raises(JacspecError, match=r"bernoulli_0\.0\.h5"):
        sweep.pixels("bernoulli_0")
    shard_of_points(folder, "bernoulli_0", 0, 0, 4)
    assert len(sweep.pixels("bernoulli_0")) == 4
    assert len(sweep.pixels("bernoulli_0.13")) == 3


def test_points_of_another_sweep_are_refused_by_name(results):
    folder, _ = results
    shard_of_points(folder, "noise", 3, 12, 5, sample_seed=1)
    with pytest.raises(JacspecError, match=r"noise\.3\.h5 does not belong to .*noise\.0\.h5.*seed"):
        open_sweep(folder).pixels("noise")
    shard_of_points(folder, "noise", 3, 10, 5)
    with pytest.raises(JacspecError, match=r"noise\.3\.h5 begins with point 10, where point 12"):
        open_sweep(folder).pixels("noise")
    shard_of_points(folder, "noise", 3, 12, 5)
    assert len(open_sweep(folder).pixels("noise")) == 17


@pytest.mark.parametrize(
    ("shard", "attributes", "words"),
    [
        (3, {"first": 12, "weights_sha256": "another"}, r"d3_seed0\.3\.h5 is of other weights"),
        (3, {"first": 12, "precision": "float32"}, r"d3_seed0\.3\.h5 does not belong .* precision"),
        (3, {"first": 10}, r"d3_seed0\.3\.h5 begins with point 10, where point 12 is next"),
        (5, {"first": 17}, r"d3_seed0\.5\.h5 begins with point 17, where point 12 is next"),
    ],
)
def test_spectra_of_another_sweep_are_refused_by_name(results, shard, attributes, words):
    folder, _ = results
    path = shard_of_spectra(folder, shard, count=5, **{"first": 12, **attributes})
    spectra = open_sweep(folder).model(3, 0).spectra("noise")
    with pytest.raises(JacspecError, match=words):
        spectra["index"]
    with pytest.raises(JacspecError, match=words):
        len(spectra)
    path.unlink()
    assert len(open_sweep(folder).model(3, 0).spectra("noise")) == 12


def test_spectra_of_weights_that_were_trained_again_are_refused(results):
    folder, _ = results
    save_weights(
        folder / "paper/models/d3_seed0/weights.pt", initialized_autoencoder(3, (16, 8, 4), 1)
    )
    with pytest.raises(JacspecError, match=r"d3_seed0\.0\.h5 is of other weights than those in"):
        open_sweep(folder).model(3, 0).spectra("noise").read(["index"])


def test_spectra_of_other_points_are_refused(results):
    folder, _ = results
    points, weights = folder / "points/noise.0.h5", folder / "paper/models/d3_seed0/weights.pt"
    path = shard_of_spectra(folder, 0, first=0, count=5, points_sha256=sha256_of_file(points))
    SpectraRun([path], weights, [points])
    shard_of_points(folder, "noise", 0, 0, 5)
    with pytest.raises(JacspecError, match=r"d3_seed0\.0\.h5 is of other points than those in"):
        SpectraRun([path], weights, [points])


def test_points_of_ones_own_have_the_shape_of_the_networks_and_are_warned_of_beyond_its_range(
    results,
):
    shard_of_points(results[0], "grey", 0, 0, 3, low=0.0, high=1.0)
    model = open_sweep(results[0]).model(3, 0)
    with pytest.raises(ValueError, match=r"\(2, 30\), but the network takes 784"):
        model.spectra_of(np.zeros((2, 30)))
    with pytest.warns(UserWarning, match="values from 255 to 255.* from 0 to 1"):
        assert len(model.spectra_of(np.full((28, 28), 255)).latent) == 1


CONVOLUTIONAL = f"{Path(own_autoencoders.__file__)}:convolutional"


@pytest.fixture
def of_a_factory(tmp_path):
    """Return a folder with one model that a factory built, and its module."""
    factory = Factory.of(CONVOLUTIONAL)
    module = factory.build(3, (1, 8, 8), seed=1)
    weights = tmp_path / "results/mine/models/d3_seed0/weights.pt"
    weights.parent.mkdir(parents=True)
    write_own_weights(weights, module, factory, 3, (1, 8, 8), {})
    return tmp_path / "results", module.eval()


def test_a_model_of_a_factory_is_the_module_that_it_builds(of_a_factory):
    folder, module = of_a_factory
    model = open_sweep(folder).model(3, 0, factory=CONVOLUTIONAL)
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = model.autoencoder
    assert not found.training
    with torch.no_grad():
        assert torch.equal(found.encoder(images), module.encoder(images))
    for points in (images.numpy(), images.flatten(1).numpy()):
        spectra = model.spectra_of(points)
        expected = spectra_of_any(module, images.double())
        assert spectra.engine == "general"
        np.testing.assert_array_equal(spectra.eigenvalues_input, expected.eigenvalues_input)
    with pytest.raises(ValueError, match=r"\(2, 65\), but the network takes 64 values a point"):
        model.spectra_of(np.zeros((2, 65)))


def test_no_file_is_run_because_results_name_it(of_a_factory):
    model = open_sweep(of_a_factory[0]).model(3, 0)
    words = rf"weights\.pt is of the factory {CONVOLUTIONAL}, whose file would be run: name it"
    for asked in (
        lambda: model.autoencoder,
        lambda: model.network,
        lambda: model.spectra_of(np.zeros((1, 64))),
    ):
        with pytest.raises(JacspecError, match=words):
            asked()


def test_a_factory_of_other_weights_is_refused(results, of_a_factory):
    with pytest.raises(DamagedFileError, match="has no record of a factory"):
        _ = open_sweep(results[0]).model(3, 0, "paper", factory=CONVOLUTIONAL).autoencoder
    dense = CONVOLUTIONAL.replace(":convolutional", ":dense")
    with pytest.raises(DamagedFileError, match="does not fit the factory's module"):
        _ = open_sweep(of_a_factory[0]).model(3, 0, "mine", factory=dense).autoencoder


CLAIMS = [
    ("paper", "C1", 3, 0, "mean", 0.1 + 0.2, 0.25, None, "reproduced", None),
    ("paper", "C1", None, None, "verdict", None, None, None, "not judged", 0.5),
]


def test_tables_of_claims_and_variants_are_data_frames(results):
    folder, _ = results
    write_table(folder / "claims.csv", HEADER, CLAIMS)
    verdict = ("C1", "paper", "undetermined", 0.5, float("nan"), 0.25, 0.75, 4, 2, None)
    matrix.write_variants(folder / "variants.csv", [matrix.VariantVerdict(*verdict)])
    sweep = open_sweep(folder)
    claims, variants = sweep.claims(), sweep.variants()
    assert tuple(claims.columns) == HEADER
    assert claims["value"].iloc[0] == 0.1 + 0.2
    assert claims["latent_dim"].tolist()[:1] == [3]
    assert claims["seed"].isna().tolist() == [False, True]
    assert claims["verdict"].tolist() == ["reproduced", "not judged"]
    assert tuple(variants.columns) == matrix.HEADER
    assert variants["verdict"].tolist() == ["undetermined"]
    assert variants["networks"].tolist() == [4]
    assert variants["epochs"].isna().all()
    assert sweep.variant_names == ["paper"]


@pytest.mark.parametrize("table", ["summary", "claims", "variants"])
def test_tables_that_are_missing_or_damaged_are_named(results, table):
    folder, _ = results
    sweep = open_sweep(folder)
    path = folder / f"{table}.csv"
    with pytest.raises(JacspecError, match=rf"there is no .*{table}\.csv: run the sweep"):
        getattr(sweep, table)()
    columns = {"summary": summary.HEADER, "claims": HEADER, "variants": matrix.HEADER}[table]
    no_numbers = f"{','.join(columns)}\n{','.join('x' for _ in columns)}\n"
    for content in (b"", b"a,b\n1,2\n", no_numbers.encode(), b"\xff\xfe\n"):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=f"{table}.csv") as refusal:
            getattr(sweep, table)()
        assert "delete it to have it made again" in str(refusal.value)


def test_points_under_the_name_of_another_set_are_refused(results):
    folder, _ = results
    points, other = folder / "points/noise.0.h5", folder / "points/other.0.h5"
    other.write_bytes(points.read_bytes())
    with pytest.raises(JacspecError, match=r"other\.0\.h5 is of the data set noise, not of other"):
        open_sweep(folder).pixels("other")


@pytest.mark.parametrize("start", [0, 3, 5, 11])
def test_a_run_ends_with_the_points_that_there_are(results, start):
    folder, pixels = results
    run = PointsRun(sorted((folder / "points").glob("noise.*.h5")), "noise")
    assert np.array_equal(run.read(start, 100), pixels[start:])
    assert np.array_equal(run.read_block(start, start + 4).points, pixels[start : start + 4])
    assert run.read(12, 100).shape == (0, 784)


def test_blocks_of_a_run_are_of_one_size_whatever_the_shards(results):
    folder, _ = results
    shards = sorted((folder / "paper/spectra/noise").glob("*.h5"))
    run = SpectraRun(shards, folder / "paper/models/d3_seed0/weights.pt")
    blocks = [block["index"].tolist() for block in run.blocks(["index"], size=4)]
    assert blocks == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
