"""The independent check of what a factory builds agrees with good shards and sees damage."""

import csv
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import own_autoencoders
import pytest
import torch

from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.own import load_own_autoencoder, write_own_weights
from jacspec.errors import DamagedFileError
from jacspec.spectra.engine import SpectraEngine
from jacspec.verification import own, shards
from jacspec.verification.shards import verify_shard

FILE = Path(own_autoencoders.__file__)
LATENT_DIM = 5
SHAPE = (1, 8, 8)
FIRST = 70
POINTS = 6


class Files(NamedTuple):
    spectra: Path
    weights: Path
    points: Path
    factory: str


def write_shard(folder, name, *, precision="float64", change=None, points=None) -> Files:
    """Write weights, points and spectra as the workflow's format has them."""
    factory = Factory(str(FILE), name)
    files = Files(folder / "spectra.h5", folder / "weights.pt", folder / "points.h5", str(factory))
    module = factory.build(LATENT_DIM, SHAPE, seed=3)
    if change:
        with torch.no_grad():
            change(module)
    write_own_weights(files.weights, module, factory, LATENT_DIM, SHAPE, {})
    if points is None:
        points = np.random.default_rng(1).random((POINTS, *SHAPE), dtype=np.float32)
    with h5py.File(files.points, "w") as file:
        file["points"] = points
        file.attrs.update(dataset="uniform", first=FIRST)
    source = load_own_autoencoder(files.weights, files.factory).jacobian_source(precision)
    with SpectraEngine(source) as engine:
        spectra = engine.submit(points.reshape(-1, *source.point_shape)).result()
    with h5py.File(files.spectra, "w") as file:
        for column, values in spectra.columns().items():
            file[column] = values
        file["index"] = np.arange(FIRST, FIRST + len(points))
        file.attrs.update(
            variant="mine",
            latent_dim=LATENT_DIM,
            seed=3,
            dataset="uniform",
            first=FIRST,
            precision=precision,
            engine=source.engine,
            weights_sha256=hashlib.sha256(files.weights.read_bytes()).hexdigest(),
        )
    return files


def alter(files, name, change):
    """Replace the entry of the third point by what `change` makes of it."""
    with h5py.File(files.spectra, "r+") as file:
        file[name][2] = change(file[name][2])


def verdicts(files) -> dict[tuple[str, str], str]:
    return {
        (finding.deviation.jacobian, finding.deviation.quantity): finding.verdict
        for finding in verify_shard(*files).findings
    }


def deviating(files) -> set[tuple[str, str]]:
    return {quantity for quantity, verdict in verdicts(files).items() if verdict == "deviates"}


@pytest.fixture
def shard(tmp_path) -> Files:
    return write_shard(tmp_path, "convolutional")


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", ["convolutional", "dense", "sphere", "pooled"])
def test_good_shards_agree(tmp_path, name, precision):
    files = write_shard(tmp_path, name, precision=precision)
    assert set(verdicts(files).values()) == {"agrees"}


def test_the_table_holds_numbers(shard, tmp_path):
    verify_shard(*shard).write(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            assert float(row["deviation"]) <= float(row["bound"])


def test_all_quantities_are_checked(tmp_path):
    of_matrix = {"logabsdet", "sign", "trace", "rank_bound", "exact_zeros", "eigenvalue_order"}
    of_matrix |= {f"eigenvalue{kind}" for kind in ("s", "_sum", "_square_sum", "_product")}
    of_matrix.add("stored_trace")
    of_point = {"index", "latent", "reconstruction_error", "same_pattern"}
    engines = {"convolutional": ({"sign_rule"}, set()), "dense": ({"rank"}, {"equal_matrices"})}
    for name, (more_of_matrix, more_of_point) in engines.items():
        expected = {("both", quantity) for quantity in of_point | more_of_point}
        for jacobian in ("input", "latent"):
            expected |= {(jacobian, quantity) for quantity in of_matrix | more_of_matrix}
        (tmp_path / name).mkdir()
        found = set(verdicts(write_shard(tmp_path / name, name)))
        # Of a matrix that has lost rank there is no determinant to multiply.
        assert found | {("input", "eigenvalue_product"), ("latent", "eigenvalue_product")} == (
            expected
        )


# What a value may be off by at the third point, and what it may not: the bounds lie between.
EDGES = {
    "trace_input": ("trace", 4e-16, 1e-14),
    "trace_latent": ("trace", 4e-16, 1e-14),
    "logabsdet_input": ("logabsdet", 3e-12, 6e-11),
    "logabsdet_latent": ("logabsdet", 1.5e-12, 3e-11),
    "reconstruction_error": ("reconstruction_error", 1e-13, 2.5e-12),
    "latent": ("latent", 1e-10, 1e-7),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_value_is_refused_as_soon_as_rounding_cannot_explain_it(shard, name):
    quantity, allowed, refused = EDGES[name]
    jacobian = name.removeprefix(f"{quantity}_") if name != quantity else "both"
    finding = (jacobian, quantity)
    with h5py.File(shard.spectra) as file:
        exact = file[name][2]
    for size, found in ((allowed, False), (refused, True)):
        alter(shard, name, lambda _, size=size: exact + size)
        assert (finding in deviating(shard)) == found


@pytest.mark.parametrize("jacobian", ["input", "latent"])
@pytest.mark.parametrize(
    ("name", "index"), [("convolutional", 0), ("convolutional", LATENT_DIM - 1), ("dense", 0)]
)
def test_an_altered_eigenvalue_is_found(tmp_path, name, jacobian, index):
    """A change by 1e-5 is about a hundred times the rounding to complex64, 6e-8 of the modulus."""
    files = write_shard(tmp_path, name)

    def change(eigenvalues):
        eigenvalues[index] *= 1 + 1e-5
        return eigenvalues

    alter(files, f"eigenvalues_{jacobian}", change)
    assert deviating(files) & {(jacobian, "eigenvalue_sum"), (jacobian, "eigenvalues")}


def test_an_eigenvalue_is_found_at_points_that_are_not_drawn(shard, monkeypatch):
    monkeypatch.setattr(shards, "POINTS_PER_SHARD", 1)
    report = verify_shard(*shard)
    assert report.agrees
    drawn = {found.point for found in report.findings if found.deviation.quantity == "index"}
    another = next(row for row in range(POINTS) if FIRST + row not in drawn)

    def change(eigenvalues):
        eigenvalues[another] *= 1 + 1e-5
        return eigenvalues

    alter(shard, "eigenvalues_latent", change)
    assert verify_shard(*shard).recomputed == 2
    found = deviating(shard)
    assert {("latent", "stored_trace"), ("latent", "eigenvalue_sum")} <= found


@pytest.mark.parametrize(
    ("name", "change", "finding"),
    [
        ("logabsdet_input", lambda _: -np.inf, ("input", "logabsdet")),
        ("logabsdet_latent", lambda _: np.nan, ("latent", "logabsdet")),
        ("sign_latent", lambda value: -value, ("latent", "sign")),
        ("sign_input", lambda _: 0, ("input", "sign_rule")),
        ("rank_bound_latent", lambda value: value - 1, ("latent", "rank_bound")),
        ("same_pattern", lambda value: not value, ("both", "same_pattern")),
        ("index", lambda value: value + 1, ("both", "index")),
        ("eigenvalues_input", lambda value: value[::-1], ("input", "eigenvalue_order")),
    ],
)
def test_other_alterations_are_found(shard, name, change, finding):
    alter(shard, name, change)
    assert finding in deviating(shard)


@pytest.mark.parametrize(("distance", "found"), [(1 / 30, False), (30, True)])
def test_a_sign_is_missed_where_the_matrix_is_far_from_singular(shard, distance, found):
    """The smallest singular value of a matrix is moved to either side of what the rule asks for."""
    maps = own.load_own_maps(shard.weights, shard.factory)
    with h5py.File(shard.spectra) as spectra, h5py.File(shard.points) as points:
        columns = {name: column[2] for name, column in spectra.items()}
        point = own.StoredPoint(points["points"][2], {**columns, "sign_input": 0})
    (recomputed,) = own.recompute_own(maps, [point], engine="general", precision="float64")
    matrix = recomputed.input
    left, values, right = np.linalg.svd(matrix.value)
    edge = own.DIFFERENCES * (matrix.error + own.backward_error(matrix.value))
    values[-1] = distance * edge
    moved = replace(recomputed, input=replace(matrix, value=(left * values) @ right))
    beyond = {
        (deviation.jacobian, deviation.quantity)
        for deviation in own.own_deviations(point.columns, moved, "general")
        if not deviation.within
    }
    assert (("input", "sign_rule") in beyond) == found


@pytest.mark.parametrize("jacobian", ["input", "latent"])
def test_a_sign_of_a_singular_matrix_is_found(tmp_path, jacobian):
    """Nobody but the rule knows that it has none: rounding gives every matrix a determinant."""
    files = write_shard(tmp_path, "sphere")
    alter(files, f"sign_{jacobian}", lambda _: 1)
    assert deviating(files) == {(jacobian, "sign_rule")}


def fewer_units(module):
    """Switch off half of the hidden units of the dense autoencoder, whatever comes in."""
    module.first.weight[:4] = 0
    module.first.bias[:4] = -1
    module.first.bias[4:] = 1


def test_ranks_of_dense_layers_are_not_contradicted(tmp_path):
    files = write_shard(tmp_path, "dense", change=fewer_units)
    assert set(verdicts(files).values()) == {"agrees"}
    with h5py.File(files.spectra) as file:
        assert (file["rank_bound_input"][:] == 4).all()
    alter(files, "rank_bound_input", lambda _: 3)
    assert ("input", "rank") in deviating(files)


def test_equal_patterns_of_dense_layers_have_equal_matrices(tmp_path):
    files = write_shard(tmp_path, "dense")
    with h5py.File(files.spectra) as file:
        assert not file["same_pattern"][2]
    alter(files, "same_pattern", lambda _: True)
    assert deviating(files) == {("both", "equal_matrices")}


def test_where_rounding_decides_on_the_piece_nothing_is_proven(tmp_path):
    """Two pixels are nearly alike, so that the larger of them is another after a few roundings."""
    points = np.random.default_rng(1).random((POINTS, *SHAPE), dtype=np.float32)
    points[2] = 0.5
    files = write_shard(tmp_path, "pooled", points=points)
    alter(files, "trace_input", lambda value: value + 1)
    assert verdicts(files)["input", "trace"] == "undecided"
    alter(files, "trace_input", lambda value: value - 1)
    with h5py.File(files.spectra, "r+") as file:
        file["trace_input"][3] += 1
    assert verdicts(files)["input", "trace"] == "deviates"


def test_zeros_of_units_that_are_not_counted_agree(tmp_path):
    """Without light, the general engine finds matrices of zeros, whose rank it does not know."""

    def darken(module):
        module.decoder[0].weight.zero_()

    files = write_shard(tmp_path, "pooled", change=darken)
    assert set(verdicts(files).values()) == {"agrees"}


def test_bounds_cover_what_another_order_of_sums_changes(tmp_path):
    """All points at once and one by one differ by rounding, hundreds of times less than allowed."""
    files = write_shard(tmp_path, "convolutional")
    findings = {
        finding.deviation.quantity: finding.deviation.ratio
        for finding in verify_shard(*files).findings
        if finding.deviation.quantity in ("trace", "logabsdet", "reconstruction_error")
    }
    assert all(0 <= ratio < 0.1 for ratio in findings.values())
    single = write_shard(tmp_path, "convolutional", precision="float32")
    ratios = [
        finding.deviation.ratio
        for finding in verify_shard(*single).findings
        if finding.deviation.quantity in ("trace", "reconstruction_error")
    ]
    assert all(1e-4 < ratio < 0.3 for ratio in ratios)


def test_without_a_factory_its_weights_are_refused_not_passed(shard):
    with pytest.raises(DamagedFileError, match="holds no autoencoder"):
        verify_shard(shard.spectra, shard.weights, shard.points)
    with pytest.raises(DamagedFileError, match=r"holds no autoencoder of .*:dense"):
        verify_shard(*shard[:3], shard.factory.replace(":convolutional", ":dense"))


def test_numbers_that_float32_cannot_hold_are_not_passed(tmp_path):
    def enlarge(module):
        module.decoder[1].weight *= 1e30
        module.encoder[1].weight *= 1e15

    assert ("input", "trace") in deviating(write_shard(tmp_path, "sphere", change=enlarge))
