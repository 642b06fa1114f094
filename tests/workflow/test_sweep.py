"""The tiny sweep, made by Snakemake from real MNIST: all files are there, the spectra are right.

The check of the spectra shares no code with the engine: weights.pt is read by torch alone, rebuilt
as plain layers, and differentiated by autograd to full 784 x 784 matrices.
"""

import hashlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.linalg
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

TINY = Path(__file__).parent / "tiny.yaml"
UNIT = np.finfo(np.float64).eps / 2
UNIT_STORED = np.finfo(np.float32).eps / 2


def plain_autoencoder(weights: Path) -> tuple[nn.Module, nn.Module]:
    """Rebuild encoder and decoder, float64, from the names and shapes of the file alone."""
    state = torch.load(weights, weights_only=True)
    halves = []
    for half, last in (("encoder", nn.Identity()), ("decoder", nn.Tanh())):
        layers = []
        for number in (0, 2, 4, 6):
            weight = state[f"{half}.{number}.weight"].double()
            layer = nn.Linear(*reversed(weight.shape), dtype=torch.float64)
            layer.load_state_dict(
                {"weight": weight, "bias": state[f"{half}.{number}.bias"].double()}
            )
            layer.requires_grad_(False)
            layers += [layer, nn.ReLU()]
        halves.append(nn.Sequential(*layers[:-1], last))
    return halves[0], halves[1]


def assert_same_spectrum(stored: np.ndarray, matrix: np.ndarray) -> None:
    """Compare stored eigenvalues with the largest ones of `matrix`.

    Both eigensolvers are backward stable: they return the eigenvalues of J + E with ||E|| at most
    about n u ||J||_F, and the engine's matrix is itself off by no more. To first order that moves
    an eigenvalue by its condition number, 1 / |y* x| for unit left and right eigenvectors, times
    ||E||. Storing as complex64 rounds real and imaginary part.
    """
    values, left, right = scipy.linalg.eig(matrix, left=True)
    largest = np.argsort(-np.abs(values))[: len(stored)]
    values, left, right = values[largest], left[:, largest], right[:, largest]
    condition = 1 / np.abs(np.sum(left.conj() * right, axis=0))
    backward_error = 3 * len(matrix) * UNIT * np.linalg.norm(matrix)
    tolerance = condition * backward_error + 2 * UNIT_STORED * np.abs(values)
    distance = np.abs(values[:, None] - stored[None, :].astype(np.complex128))
    rows, columns = linear_sum_assignment(distance)
    assert (distance[rows, columns] <= tolerance[rows]).all()


@pytest.mark.parametrize("dataset", ["mnist", "bernoulli_0.13", "beta_5_0.8"])
@pytest.mark.parametrize(("latent_dim", "seed"), [(2, 0), (5, 1)])
def test_spectra_equal_those_of_full_autograd_jacobians(tiny_sweep, dataset, latent_dim, seed):
    results = tiny_sweep / "results"
    encoder, decoder = plain_autoencoder(
        results / "paper" / "models" / f"d{latent_dim}_seed{seed}" / "weights.pt"
    )
    generator = np.random.default_rng(latent_dim)
    name = f"d{latent_dim}_seed{seed}.1.h5"
    with (
        h5py.File(results / "points" / f"{dataset}.1.h5") as points,
        h5py.File(results / "paper" / "spectra" / dataset / name) as spectra,
    ):
        assert list(spectra["index"]) == list(range(150, 250))
        for row in generator.choice(100, size=3, replace=False):
            x = torch.from_numpy(points["points"][row]).double()
            z = encoder(x)
            y = decoder(z)
            full = torch.func.jacrev(lambda x: decoder(encoder(x)))(x).detach().numpy()
            latent = torch.func.jacrev(lambda z: encoder(decoder(z)))(z).detach().numpy()
            assert_same_spectrum(spectra["eigenvalues_input"][row], full)
            assert_same_spectrum(spectra["eigenvalues_latent"][row], latent)

            # Sum and product, from the matrices, against trace and determinant: n and d roundings.
            scale = np.linalg.norm(full)
            assert spectra["trace_input"][row] == pytest.approx(
                np.trace(full), abs=784 * UNIT * 3 * scale
            )
            sign, logabsdet = np.linalg.slogdet(latent)
            assert spectra["sign_latent"][row] in (0, sign)
            condition = np.linalg.cond(latent)
            assert spectra["logabsdet_latent"][row] == pytest.approx(
                logabsdet, abs=latent_dim * 3 * 784 * UNIT * condition
            )
            assert spectra["reconstruction_error"][row] == pytest.approx(
                ((y - x) ** 2).sum().item(), rel=1e-9
            )
            np.testing.assert_allclose(
                spectra["latent"][row], z.detach(), rtol=2 * UNIT_STORED, atol=1e-9
            )


def test_every_figure_and_table_is_there(tiny_sweep):
    figures = tiny_sweep / "results" / "paper" / "figures"
    for stem in [*(f"figure_{number}" for number in range(1, 7)), "table_1", "table_2"]:
        assert (figures / f"{stem}.pdf").read_bytes().startswith(b"%PDF-")
        assert (figures / f"{stem}.png").read_bytes().startswith(b"\x89PNG")


def test_every_job_has_a_log_and_a_benchmark(tiny_sweep):
    log = tiny_sweep / "logs" / "train_model" / "paper" / "d2_seed0.log"
    assert "epoch 1/1: train loss" in log.read_text()
    benchmarks = tiny_sweep / "results" / "benchmarks"
    assert (benchmarks / "train_model" / "paper" / "d2_seed0.tsv").exists()
    for folder in ("points", "compute_spectra", "reduce_model", "figure", "table"):
        assert list((tiny_sweep / "logs" / folder).rglob("*.log")), folder


def test_nothing_is_left_to_do(tiny_sweep, snakemake):
    finished = snakemake(tiny_sweep, "--dry-run", "--configfile", TINY)
    assert "Nothing to be done" in finished.stdout + finished.stderr


def test_snakemake_looks_for_jobs_no_more_often_than_jobs_end(snakemake, tmp_path):
    """By default it looks again a second after each look, and is ever busier."""
    points = [f"results/points/uniform.{shard}.h5" for shard in range(16)]
    tiny = ("--configfile", TINY, "--config", "samples=2400")
    finished = snakemake(tmp_path, *points, "--verbose", *tiny)
    looks = (finished.stdout + finished.stderr).count("Resources before job selection")
    assert 0 < looks <= len(points) + 1


def test_snakemakes_own_report_has_every_figure_and_table(tiny_sweep, snakemake, tmp_path):
    report = tmp_path / "workflow.html"
    snakemake(tiny_sweep, "--report", report, "--configfile", TINY)
    text = report.read_text(encoding="utf-8")
    for category in ("Figures", "Tables", "Page", "Claims", "Theorems", "Detection"):
        assert f'"{category}"' in text, category
    for label in ("Figure 6", "Table 2", "Verdicts and evidence", "Everything, interactive"):
        assert label in text, label
    assert "a reproduction of Agarwala" in text


def test_a_model_and_a_spectrum_made_twice_have_the_same_bytes(tiny_sweep, snakemake, tmp_path):
    files = [
        "results/paper/models/d2_seed0/weights.pt",
        "results/paper/spectra/mnist/d2_seed0.0.h5",
    ]
    before = [hashlib.sha256((tiny_sweep / file).read_bytes()).digest() for file in files]
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    for file in files:
        (folder / file).unlink()
    snakemake(folder, *files, "--configfile", TINY)
    after = [hashlib.sha256((folder / file).read_bytes()).digest() for file in files]
    assert after == before
