"""The independent check agrees with good shards and sees every kind of damage."""

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from jacspec.errors import DamagedFileError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.spectra.engine import jacobian_spectra
from jacspec.verification import comparison, recomputation, shards
from jacspec.verification.network import load_network
from jacspec.verification.recomputation import UNIT_ROUNDOFF, follow, product_error, recompute
from jacspec.verification.shards import VerificationError, verify_shard

LATENT_DIM = 5
FIRST = 70
POINTS = 6
SMOOTH = ("elu", "gelu", "silu", "softplus", "tanh", "sigmoid")


class Files(NamedTuple):
    spectra: Path
    weights: Path
    points: Path


def small_autoencoder(dead_units: int = 0, **activations):
    """Make a network of 40 pixels with weights of gain 2, so that eigenvalues are of order 1.

    `dead_units` of the encoder's last hidden layer of 8 are switched off for every input.
    """
    widths = (24, 16, 8)
    autoencoder = initialized_autoencoder(LATENT_DIM, widths, seed=3, input_dim=40, **activations)
    with torch.no_grad():
        for layer in autoencoder.linear_layers():
            layer.weight *= 2.0
        for layer in (autoencoder.encoder[4], autoencoder.decoder[0]):
            layer.bias += 1.0
        autoencoder.encoder[4].weight[:dead_units] = 0
        autoencoder.encoder[4].bias[:dead_units] = -1.0
    return autoencoder


def write_shard(folder: Path, autoencoder, precision: str = "float64") -> Files:
    """Write weights, points and spectra as the workflow's format has them."""
    files = Files(folder / "spectra.h5", folder / "weights.pt", folder / "points.h5")
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
            variant="paper",
            latent_dim=LATENT_DIM,
            seed=3,
            dataset="uniform",
            first=FIRST,
            precision=precision,
            engine="dense",
            weights_sha256=hashlib.sha256(files.weights.read_bytes()).hexdigest(),
        )
    return files


def alter(files: Files, name: str, change) -> None:
    """Replace the entry of the third point by what `change` makes of it."""
    with h5py.File(files.spectra, "r+") as file:
        file[name][2] = change(file[name][2])


def deviating(files: Files) -> set[tuple[str, str]]:
    return {
        (finding.deviation.jacobian, finding.deviation.quantity)
        for finding in verify_shard(*files).findings
        if finding.verdict == "deviates"
    }


@pytest.fixture
def shard(tmp_path) -> Files:
    return write_shard(tmp_path, small_autoencoder())


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("dead_units", [0, 5, 8])
def test_good_shards_agree(tmp_path, dead_units, precision):
    files = write_shard(tmp_path, small_autoencoder(dead_units), precision)
    assert deviating(files) == set()


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(("latent", "output"), [("identity", "scaled_tanh"), ("relu", "sigmoid")])
@pytest.mark.parametrize("hidden", ["leaky_relu", "identity", *SMOOTH])
def test_good_shards_of_any_activations_agree(tmp_path, hidden, latent, output, precision):
    autoencoder = small_autoencoder(
        hidden_activation=hidden, latent_activation=latent, output_activation=output
    )
    assert deviating(write_shard(tmp_path, autoencoder, precision)) == set()


def test_other_activations_than_those_of_the_record_are_found(shard, monkeypatch):
    monkeypatch.setitem(load_network.__globals__["ACTIVATIONS"], "tanh", nn.Sigmoid)
    assert ("input", "trace") in deviating(shard)


def test_all_quantities_are_checked(shard):
    """What a shard holds is compared column by column, and the spectrum in six ways."""
    report = verify_shard(*shard)
    checked = {(item.deviation.jacobian, item.deviation.quantity) for item in report.findings}
    of_matrix = {"logabsdet", "sign", "trace", "rank_bound", "exact_zeros", "eigenvalue_order"}
    of_matrix.add("stored_trace")
    of_matrix |= {f"eigenvalue{kind}" for kind in ("s", "_sum", "_square_sum", "_product")}
    expected = {("both", name) for name in ("index", "latent", "reconstruction_error")}
    expected |= {("both", "same_pattern")}
    expected |= {(jacobian, name) for jacobian in ("input", "latent") for name in of_matrix}
    assert checked == expected
    assert (report.points, report.recomputed) == (POINTS, POINTS)


# What a value may be off by at the third point, and what it may not: the bounds lie between.
EDGES = {
    "trace_input": ("trace", 2e-13, 2e-12),
    "trace_latent": ("trace", 4e-13, 4e-12),
    "logabsdet_input": ("logabsdet", 2e-8, 2e-7),
    "logabsdet_latent": ("logabsdet", 5e-8, 5e-7),
    "reconstruction_error": ("reconstruction_error", 3e-12, 3e-11),
    "latent": ("latent", 1e-8, 2e-7),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_value_is_refused_as_soon_as_rounding_cannot_explain_it(shard, name):
    quantity, allowed, refused = EDGES[name]
    jacobian = name.rpartition("_")[2] if name[-5:] in ("input", "atent") else "both"
    finding = ("both" if name == "latent" else jacobian, quantity)
    with h5py.File(shard.spectra, "r+") as file:
        exact = file[name][2]
        # latent is stored as float32, off by up to 5e-8 already.
        file[name][2] = exact + (0 if name == "latent" else allowed)
    assert finding not in deviating(shard)
    alter(shard, name, lambda _: exact + refused)
    assert finding in deviating(shard)


@pytest.mark.parametrize("jacobian", ["input", "latent"])
@pytest.mark.parametrize("index", range(LATENT_DIM))
def test_an_altered_eigenvalue_is_found(shard, jacobian, index):
    """A change by 1e-5 is about a hundred times the rounding to complex64, 6e-8 of the modulus."""

    def change(eigenvalues):
        eigenvalues[index] *= 1 + 1e-5
        return eigenvalues

    alter(shard, f"eigenvalues_{jacobian}", change)
    assert deviating(shard) & {(jacobian, "eigenvalue_sum"), (jacobian, "eigenvalues")}


@pytest.mark.parametrize("quantity", ["eigenvalue_sum", "stored_trace"])
@pytest.mark.parametrize("jacobian", ["input", "latent"])
@pytest.mark.parametrize("index", range(LATENT_DIM))
def test_an_eigenvalue_is_refused_as_soon_as_the_sum_is_off(shard, jacobian, index, quantity):
    """Rounding to complex64 leaves the sum uncertain by 2.5e-8 here; conjugates change alike."""
    name = f"eigenvalues_{jacobian}"
    with h5py.File(shard.spectra) as file:
        exact = file[name][2]
    for size, found in ((1e-8, False), (2e-7, True)):
        changed = exact.copy()
        changed[index] += size
        alter(shard, name, lambda _, changed=changed: changed)
        assert ((jacobian, quantity) in deviating(shard)) == found


def test_points_that_are_not_recomputed_are_checked_too(shard, monkeypatch):
    monkeypatch.setattr(shards, "POINTS_PER_SHARD", 0)
    # The altered point is the first one of the second block.
    monkeypatch.setattr(shards, "BLOCK_POINTS", 2)

    def change(eigenvalues):
        eigenvalues[1] *= 1 + 1e-5
        return eigenvalues

    assert deviating(shard) == set()
    alter(shard, "eigenvalues_input", change)
    assert deviating(shard) == {("input", "stored_trace"), ("input", "eigenvalue_order")}
    findings = [one for one in verify_shard(*shard).findings if one.verdict == "deviates"]
    assert {one.point for one in findings} == {FIRST + 2}


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
        ("logabsdet_input", lambda _: -np.inf, ("input", "logabsdet")),
        ("logabsdet_latent", lambda _: np.nan, ("latent", "logabsdet")),
        ("sign_latent", lambda value: -value, ("latent", "sign")),
        ("rank_bound_latent", lambda value: value - 1, ("latent", "rank_bound")),
        ("same_pattern", lambda value: not value, ("both", "same_pattern")),
        ("index", lambda value: value + 1, ("both", "index")),
        ("eigenvalues_input", lambda value: value[::-1], ("input", "eigenvalue_order")),
    ],
)
def test_other_alterations_are_found(shard, name, change, finding):
    alter(shard, name, change)
    assert finding in deviating(shard)


def test_an_undetermined_sign_contradicts_nothing(shard):
    alter(shard, "sign_input", lambda _: 0)
    assert deviating(shard) == set()


def test_a_zero_in_place_of_an_eigenvalue_is_found(shard):
    def change(eigenvalues):
        eigenvalues[-1] = 0
        return eigenvalues

    alter(shard, "eigenvalues_input", change)
    assert {("input", "exact_zeros"), ("input", "eigenvalue_product")} <= deviating(shard)


@pytest.mark.parametrize("jacobian", ["input", "latent"])
def test_an_eigenvalue_of_a_singular_matrix_is_not_free(tmp_path, jacobian):
    files = write_shard(tmp_path, small_autoencoder(dead_units=5))

    def change(eigenvalues):
        assert np.count_nonzero(eigenvalues) == 3
        eigenvalues[0] *= 1 + 1e-5
        return eigenvalues

    alter(files, f"eigenvalues_{jacobian}", change)
    assert (jacobian, "eigenvalues") in deviating(files)


def test_a_deviation_at_a_kink_proves_nothing(tmp_path):
    """Where a unit is exactly at 0, autograd takes another slope than the engine."""
    autoencoder = small_autoencoder()
    pixels = np.random.default_rng(1).random((POINTS, 40), dtype=np.float32)
    with torch.no_grad():
        autoencoder.encoder[0].weight[0] = 0
        autoencoder.encoder[0].weight[0, 0] = 1
        autoencoder.encoder[0].bias[0] = -float(pixels[2, 0])
    files = write_shard(tmp_path, autoencoder)
    verdicts = {finding.verdict for finding in verify_shard(*files).findings}
    assert verdicts == {"agrees", "undecided"}


def test_the_sentence_names_file_and_point_and_the_table_says_which(shard, tmp_path):
    alter(shard, "trace_latent", lambda value: value + 1)
    report = verify_shard(*shard)
    assert not report.agrees
    sentence = report.sentence()
    assert str(shard.spectra) in sentence
    assert f"trace (latent) deviates at point {FIRST + 2} by 1, allowed" in sentence
    table = tmp_path / "verification.csv"
    report.write(table)
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["verdict"] != "agrees"]
    found = {(row["quantity"], row["worst_point"]) for row in rows}
    assert found == {(name, str(FIRST + 2)) for name in ("trace", "stored_trace")}


def test_a_good_shard_gives_a_line_and_a_table(shard, tmp_path):
    report = verify_shard(*shard)
    assert report.agrees
    line = f"{shard.spectra}: {POINTS} points of {POINTS} recomputed, all agree, to within 0."
    assert report.sentence().startswith(line)
    table = tmp_path / "verification.csv"
    report.write(table)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["verdict"] for row in rows} == {"agrees"}
    assert {(row["variant"], row["latent_dim"], row["seed"]) for row in rows} == {
        ("paper", str(LATENT_DIM), "3")
    }


def test_weights_of_another_model_are_refused(shard, tmp_path):
    (tmp_path / "other").mkdir()
    other = write_shard(tmp_path / "other", small_autoencoder(dead_units=1))
    with pytest.raises(DamagedFileError, match="weights_sha256"):
        verify_shard(shard.spectra, other.weights, shard.points)


def test_a_shard_of_another_engine_is_refused_not_passed(shard):
    with h5py.File(shard.spectra, "r+") as file:
        file.attrs["engine"] = "general"
    with pytest.raises(VerificationError, match="of the general engine"):
        verify_shard(*shard)


@pytest.mark.parametrize("damaged", ["spectra", "weights", "points"])
def test_a_damaged_file_is_named(shard, damaged):
    path = getattr(shard, damaged)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFileError, match=damaged):
        verify_shard(*shard)


def test_the_whole_jacobian_has_the_reduced_spectrum(tmp_path):
    """The d nonzero eigenvalues of the p x p Jacobian are those of the d x d one.

    The matrices are exact to about 1e-13 of their norm, and a simple eigenvalue moves by that times
    its condition number, which is below 1e3 here.
    """
    files = write_shard(tmp_path, small_autoencoder())
    network = load_network(files.weights)
    with h5py.File(files.points) as file:
        pixels = file["points"][0]

    def through(values):
        return network.decoder(network.encoder(values))

    whole = torch.func.jacrev(through)(torch.from_numpy(pixels).double())
    whole = torch.linalg.eigvals(whole).numpy()
    whole = whole[np.argsort(-np.abs(whole))][:LATENT_DIM]
    reduced = np.linalg.eigvals(recompute(network, pixels, "float64").input.value)
    norm = np.abs(reduced).max()
    distances = np.abs(whole[:, None] - reduced[None, :])
    assert distances.min(axis=1).max() < 1e-10 * norm
    assert distances.min(axis=0).max() < 1e-10 * norm


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu", *SMOOTH])
def test_bounds_cover_the_difference_of_float32_from_float64(hidden):
    """Rounding errors of float32 are 2^29 times larger: a bound that is too small shows.

    The bounds are between 10 and 6000 times the errors: far larger ones would be found here, too.
    """
    autoencoder = initialized_autoencoder(4, (64, 32, 16), 0, 100, hidden_activation=hidden)
    start = np.random.default_rng(0).random(100, dtype=np.float32)
    unit = UNIT_ROUNDOFF["float32"] + UNIT_ROUNDOFF["float64"]
    half = nn.Sequential(*autoencoder.encoder, nn.Identity()).requires_grad_(False)
    single, jacobian = (
        half(torch.from_numpy(start)),
        torch.func.jacrev(half)(torch.from_numpy(start)),
    )
    passed = follow(half.double(), start.astype(np.float64), np.zeros(100), unit)
    exact = torch.func.jacrev(half)(torch.from_numpy(start).double()).numpy()
    for error, bound in (
        (np.abs(single.numpy() - passed.values), passed.error),
        (np.abs(jacobian.numpy() - exact), product_error(passed.layers)),
    ):
        assert (error <= bound).all()
        assert 10 < np.median(bound) / np.median(error) < 6000


def test_slopes_and_their_changes_are_those_of_autograd():
    arguments = torch.linspace(-3, 3, 7, dtype=torch.float64)
    slope, curvature = recomputation._derivatives(nn.Tanh(), arguments)
    tanh = np.tanh(arguments.numpy())
    np.testing.assert_allclose(slope, 1 - tanh**2, rtol=1e-12)
    np.testing.assert_allclose(curvature, -2 * tanh * (1 - tanh**2), rtol=1e-12, atol=1e-15)


def test_the_error_of_an_eigensolver_is_that_of_unscaled_matrices():
    # All rows and columns are of one size: there is nothing to balance.
    matrix = np.eye(6) + np.ones((6, 6))
    scale = 2.0 ** np.arange(0, 60, 10)
    error = comparison.backward_error(matrix)
    assert error <= 6 * (4 * 6 + 40) * 2**-52 * np.linalg.norm(matrix) * 1.0001
    assert comparison.backward_error(matrix * scale / scale[:, None]) > 2**40 * error
