"""The independent check agrees with good shards and sees every kind of damage."""

import csv
import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from jacspec.errors import DamagedFileError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.spectra.engine import jacobian_spectra
from jacspec.verification import bounds, shards
from jacspec.verification.network import load_network, point_jacobians
from jacspec.verification.recomputation import recompute
from jacspec.verification.shards import (
    ShardFiles,
    VerificationError,
    verify_shard,
    verify_shards,
)

LATENT_DIM = 5
FIRST = 70
POINTS = 6


def small_autoencoder(dead_units: int = 0):
    """Make a network of 40 pixels with weights of gain 2, so that eigenvalues are of order 1.

    `dead_units` of the encoder's last hidden layer of 8 are switched off for every input.
    """
    autoencoder = initialized_autoencoder(LATENT_DIM, (24, 16, 8), seed=3, input_dim=40)
    with torch.no_grad():
        for layer in autoencoder.linear_layers():
            layer.weight *= 2.0
        for layer in (autoencoder.encoder[4], autoencoder.decoder[0]):
            layer.bias += 1.0
        autoencoder.encoder[4].weight[:dead_units] = 0
        autoencoder.encoder[4].bias[:dead_units] = -1.0
    return autoencoder


def write_shard(folder: Path, autoencoder, precision: str = "float64") -> ShardFiles:
    """Write weights, points and spectra as the workflow's format has them."""
    files = ShardFiles(folder / "spectra.h5", folder / "weights.pt", folder / "points.h5")
    save_weights(files.weights, autoencoder)
    pixels = np.random.default_rng(1).random((POINTS, autoencoder.input_dim), dtype=np.float32)
    with h5py.File(files.points, "w") as file:
        file["points"] = pixels
        file.attrs.update(dataset="uniform", first=FIRST)
    spectra = jacobian_spectra(autoencoder, pixels, precision=precision)
    with h5py.File(files.spectra, "w") as file:
        for name, column in spectra.columns().items():
            file[name] = column
        file["index"] = np.arange(FIRST, FIRST + POINTS)
        file.attrs.update(
            dataset="uniform",
            first=FIRST,
            latent_dim=LATENT_DIM,
            seed=3,
            precision=precision,
            weights_sha256=hashlib.sha256(files.weights.read_bytes()).hexdigest(),
        )
    return files


def alter(files: ShardFiles, name: str, change) -> None:
    """Replace the entry of the third point by what `change` makes of it."""
    with h5py.File(files.spectra, "r+") as file:
        file[name][2] = change(file[name][2])


def deviating(files: ShardFiles) -> set[tuple[str, str]]:
    report = verify_shard(files, load_network(files.weights))
    return {
        (finding.deviation.jacobian, finding.deviation.quantity)
        for finding in report.findings
        if finding.verdict == "deviates"
    }


@pytest.fixture
def shard(tmp_path) -> ShardFiles:
    return write_shard(tmp_path, small_autoencoder())


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("dead_units", [0, 5, 8])
def test_good_shards_agree(tmp_path, dead_units, precision):
    autoencoder = small_autoencoder(dead_units)
    files = write_shard(tmp_path, autoencoder, precision)
    assert deviating(files) == set()


def test_all_quantities_are_checked(shard):
    """What a shard holds is compared column by column, and the spectrum in six ways."""
    report = verify_shard(shard, load_network(shard.weights))
    checked = {(item.deviation.jacobian, item.deviation.quantity) for item in report.findings}
    of_matrix = {"logabsdet", "sign", "trace", "rank_bound", "exact_zeros", "eigenvalue_order"}
    of_matrix.add("stored_trace")
    of_matrix |= {f"eigenvalue{kind}" for kind in ("s", "_sum", "_square_sum", "_product")}
    expected = {("both", name) for name in ("index", "latent", "reconstruction_error")}
    expected |= {("both", "same_pattern")}
    expected |= {(jacobian, name) for jacobian in ("input", "latent") for name in of_matrix}
    assert checked == expected
    assert (report.points, report.recomputed) == (POINTS, POINTS)


@pytest.mark.parametrize("jacobian", ["input", "latent"])
@pytest.mark.parametrize("index", range(LATENT_DIM))
def test_an_altered_eigenvalue_is_found(shard, jacobian, index):
    """A change by 1e-5 is about a hundred times the rounding to complex64, 6e-8 of the modulus."""

    def change(eigenvalues):
        eigenvalues[index] *= 1 + 1e-5
        return eigenvalues

    alter(shard, f"eigenvalues_{jacobian}", change)
    assert (jacobian, "eigenvalue_sum") in deviating(shard)


@pytest.mark.parametrize("index", range(LATENT_DIM))
def test_an_altered_eigenvalue_is_found_at_points_that_are_not_recomputed(
    shard, monkeypatch, index
):
    monkeypatch.setattr(shards, "POINTS_PER_SHARD", 0)

    def change(eigenvalues):
        eigenvalues[index] *= 1 + 1e-5
        return eigenvalues

    assert deviating(shard) == set()
    alter(shard, "eigenvalues_input", change)
    assert ("input", "stored_trace") in deviating(shard)


def test_an_eigenvalue_in_place_of_another_is_found(shard):
    """Each entry is an eigenvalue then, so that only the sums can tell."""

    def change(eigenvalues):
        eigenvalues[1] = eigenvalues[0]
        return eigenvalues

    alter(shard, "eigenvalues_latent", change)
    found = deviating(shard)
    assert ("latent", "eigenvalues") not in found
    assert {("latent", "eigenvalue_sum"), ("latent", "eigenvalue_square_sum")} <= found


@pytest.mark.parametrize(
    ("name", "change", "finding"),
    [
        ("logabsdet_input", lambda value: value + 1e-6, ("input", "logabsdet")),
        ("logabsdet_input", lambda _: -np.inf, ("input", "logabsdet")),
        ("logabsdet_latent", lambda _: np.nan, ("latent", "logabsdet")),
        ("sign_latent", lambda value: -value, ("latent", "sign")),
        ("trace_input", lambda value: value + 1e-9, ("input", "trace")),
        ("rank_bound_latent", lambda value: value - 1, ("latent", "rank_bound")),
        (
            "reconstruction_error",
            lambda value: value * (1 + 1e-9),
            ("both", "reconstruction_error"),
        ),
        ("latent", lambda value: value + np.float32(1e-5), ("both", "latent")),
        ("same_pattern", lambda value: not value, ("both", "same_pattern")),
        ("index", lambda value: value + 1, ("both", "index")),
        ("eigenvalues_input", lambda value: value[::-1], ("input", "eigenvalue_order")),
    ],
)
def test_other_alterations_are_found(shard, name, change, finding):
    alter(shard, name, change)
    assert finding in deviating(shard)


def test_a_zero_in_place_of_an_eigenvalue_is_found(shard):
    def change(eigenvalues):
        eigenvalues[-1] = 0
        return eigenvalues

    alter(shard, "eigenvalues_input", change)
    assert {("input", "exact_zeros"), ("input", "eigenvalue_product")} <= deviating(shard)


def test_an_eigenvalue_of_a_singular_matrix_is_not_free(tmp_path):
    """With zeros left out, the sums must still find a wrong one among the rest."""
    files = write_shard(tmp_path, small_autoencoder(dead_units=5))

    def change(eigenvalues):
        assert np.count_nonzero(eigenvalues) == 3
        eigenvalues[0] *= 1 + 1e-5
        return eigenvalues

    alter(files, "eigenvalues_input", change)
    assert ("input", "eigenvalue_sum") in deviating(files)


def test_the_error_names_file_and_point_and_the_table_says_which(shard, tmp_path):
    alter(shard, "trace_latent", lambda value: value + 1)
    table = tmp_path / "verification.csv"
    lines = []
    with pytest.raises(
        VerificationError, match=rf"spectra\.h5.*trace \(latent\).*point {FIRST + 2}"
    ):
        verify_shards([shard], table, report=lines.append)
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["verdict"] != "agrees"]
    found = {(row["quantity"], row["worst_point"]) for row in rows}
    assert found == {(name, str(FIRST + 2)) for name in ("trace", "stored_trace")}
    assert len(lines) == 1


def test_a_good_shard_gives_a_line_and_a_table(shard, tmp_path):
    table = tmp_path / "verification.csv"
    lines = []
    verify_shards([shard], table, report=lines.append)
    assert lines[0].startswith(
        f"{shard.spectra}: {POINTS} points of {POINTS} recomputed, all agree"
    )
    with table.open(newline="") as file:
        assert {row["verdict"] for row in csv.DictReader(file)} == {"agrees"}


def test_weights_of_another_model_are_refused(shard, tmp_path):
    (tmp_path / "other").mkdir()
    other = write_shard(tmp_path / "other", small_autoencoder(dead_units=1))
    mixed = ShardFiles(shard.spectra, other.weights, shard.points)
    with pytest.raises(DamagedFileError, match="weights_sha256"):
        verify_shard(mixed, load_network(mixed.weights))


def test_a_damaged_file_is_named(shard):
    content = shard.spectra.read_bytes()
    shard.spectra.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFileError, match=r"spectra\.h5"):
        verify_shard(shard, load_network(shard.weights))


def test_the_whole_jacobian_has_the_reduced_spectrum(tmp_path):
    """The d nonzero eigenvalues of the p x p Jacobian are those of the d x d one.

    The matrices are exact to about 1e-13 of their norm, and a simple eigenvalue moves by that times
    its condition number, which is below 1e3 here.
    """
    files = write_shard(tmp_path, small_autoencoder())
    network = load_network(files.weights)
    with h5py.File(files.points) as file:
        pixels = file["points"][0]
    whole = np.linalg.eigvals(point_jacobians(network, pixels).whole)
    whole = whole[np.argsort(-np.abs(whole))][:LATENT_DIM]
    reduced = np.linalg.eigvals(recompute(network, pixels, "float64").input.value)
    norm = np.abs(reduced).max()
    distances = np.abs(whole[:, None] - reduced[None, :])
    assert distances.min(axis=1).max() < 1e-10 * norm
    assert distances.min(axis=0).max() < 1e-10 * norm


def test_a_bound_covers_the_difference_of_float32_from_float64():
    """Rounding errors of float32 are 2^29 times larger: a bound that is too small shows."""
    autoencoder = initialized_autoencoder(4, (64, 32, 16), seed=0, input_dim=100)
    maps = [
        bounds.AffineMap(
            layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy(), True
        )
        for layer in autoencoder.linear_layers()[:3]
    ]
    start = np.random.default_rng(0).random(100, dtype=np.float32)
    unit = bounds.UNIT_ROUNDOFF["float32"] + bounds.UNIT_ROUNDOFF["float64"]
    layers = bounds.follow(maps, start.astype(np.float64), np.zeros(100), unit)
    values = start
    for affine, layer in zip(maps, layers, strict=True):
        output = affine.weight.astype(np.float32) @ values + affine.bias.astype(np.float32)
        error = np.abs(output - layer.output)
        assert error.max() > 0
        assert np.all(error <= layer.error)
        values = np.maximum(output, 0)
