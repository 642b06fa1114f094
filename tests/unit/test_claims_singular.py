"""From weights to verdict: a model made singular on purpose, whose determinants have no sign."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from jacspec.claims.evidence import Evidence, ModelEvidence, Quantity
from jacspec.claims.judgements import judgement
from jacspec.claims.registry import CLAIMS
from jacspec.claims.verdicts import Verdict
from jacspec.data.storage import PointBlock, PointsFile, write_points
from jacspec.key import ModelKey
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.network import load_network, reconstructions
from jacspec.models.weights import load_autoencoder, save_weights
from jacspec.reduction import reduce_model
from jacspec.spectra.computation import compute_shard
from jacspec.spectra.runs import UnrelatedFilesError

LATENT_DIM, SEED = 4, 0
KEY = ModelKey("paper", LATENT_DIM, SEED)
SHARD_POINTS = (150, 50)
ALWAYS_ON, ALWAYS_OFF = 100.0, -100.0


def write_shards(folder: Path, dataset: str, *, images: bool) -> list[Path]:
    generator = np.random.default_rng(len(dataset))
    paths = []
    for shard, count in enumerate(SHARD_POINTS):
        block = PointBlock(generator.uniform(size=(count, 784)).astype(np.float32))
        if images:
            block = replace(
                block,
                label=np.arange(count) % 10,
                split=(np.arange(count) % 2).astype(np.uint8),
                source_index=np.arange(count),
            )
        paths.append(folder / f"{dataset}.{shard}.h5")
        first = sum(SHARD_POINTS[:shard])
        write_points(
            paths[-1],
            [block],
            dataset=dataset,
            first=first,
            count=count,
            attributes={"code_digest": "0"},
            compressed=False,
        )
    return paths


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> tuple[dict, dict, Path]:
    """Return spectra shards, points shards, and weights of which 2 of 8 decoder units are on."""
    folder = tmp_path_factory.mktemp("singular")
    autoencoder = initialized_autoencoder(LATENT_DIM, (16, 8, 8), SEED)
    with torch.no_grad():
        autoencoder.decoder[0].bias[:] = ALWAYS_OFF
        autoencoder.decoder[0].bias[:2] = ALWAYS_ON
    weights = folder / "weights.pt"
    save_weights(weights, autoencoder)
    points = {
        dataset: write_shards(folder, dataset, images=dataset != "uniform")
        for dataset in ("mnist", "uniform", "fashion_mnist")
    }
    spectra = {dataset: [] for dataset in points}
    for dataset, paths in points.items():
        for shard, path in enumerate(paths):
            output = folder / f"spectra_{dataset}.{shard}.h5"
            compute_shard(
                weights,
                path,
                output,
                key=KEY,
                precision="float64",
                device="cpu",
                threads=1,
                chunk_size=1000,
                code_digest="0",
            )
            spectra[dataset].append(output)
    return spectra, points, weights


@pytest.fixture(scope="module")
def singular(inputs) -> ModelEvidence:
    return evidence_of(*inputs)


def evidence_of(spectra, points, weights) -> ModelEvidence:
    return reduce_model(weights, spectra, points, key=KEY, training_set="mnist").evidence


def test_no_point_has_a_sign_and_every_zero_counts(singular):
    for dataset in ("mnist", "uniform"):
        for jacobian in ("input", "latent"):

            def value(statistic, dataset=dataset, jacobian=jacobian):
                return singular.draws[Quantity(dataset, jacobian, statistic)][0]

            assert value("share_undetermined") == 1.0
            assert np.isnan(value("share_reversed"))
            # Two units on bound the rank by 2 of 4.
            assert value("share_zero") >= 0.5
            assert value("geometric_mean") == 0.0
        assert singular.draws[Quantity(dataset, "both", "points")][0] == sum(SHARD_POINTS)


@pytest.fixture(scope="module")
def evidence(singular) -> Evidence:
    keys = (
        ModelKey("paper", latent_dim, seed)
        for latent_dim in (2, 3, 4, 8, 12, 16, 20)
        for seed in (0, 1)
    )
    return Evidence.of("paper", "mnist", [replace(singular, key=key) for key in keys])


def test_singular_models_leave_the_claim_of_orientation_open(evidence):
    found = judgement(CLAIMS[9], evidence, epochs=300)
    assert found.verdict() == Verdict.UNDETERMINED
    for seed, finding in found.findings.items():
        assert found.verdict(seed) == Verdict.UNDETERMINED
        judged = [part.verdict for part in finding.criteria if part.verdict is not None]
        assert set(judged) == {Verdict.UNDETERMINED}


def test_singular_means_are_not_near_one(evidence):
    verdicts = [judgement(CLAIMS[number], evidence, 300).verdict() for number in (1, 2, 3)]
    assert verdicts == [Verdict.NOT_REPRODUCED] * 3


def test_other_sets_of_images_take_no_part(singular):
    assert {quantity.dataset for quantity in singular.draws} == {
        "mnist",
        "uniform",
        "mean_half_or_more",
    }


def test_the_mean_reconstruction_is_that_of_the_model(singular, inputs):
    _, points, weights = inputs
    pixels = []
    for path in points["uniform"]:
        with PointsFile(path) as file:
            pixels.append(file.read(0, file.count))
    with torch.no_grad():
        expected = load_autoencoder(weights)(torch.from_numpy(np.concatenate(pixels))).mean(dim=0)
    # Single precision through 8 layers of at most 784 terms, pre-activations around 100:
    # 100 * 6e-8 = 6e-6 in the first units, and weights below 1 do not enlarge it much.
    np.testing.assert_allclose(
        singular.characters["mean_half_or_more"][:, 0], expected.numpy(), atol=1e-4
    )


def test_distances_are_of_test_images_to_training_images(singular, inputs):
    _, points, weights = inputs
    pixels, is_test = [], []
    for path in points["mnist"]:
        with PointsFile(path) as file:
            pixels.append(file.read(0, file.count))
            is_test.append(file.read_split(0, file.count) == 1)
    images = reconstructions(load_network(weights), np.concatenate(pixels))
    test = np.concatenate(is_test)
    found = singular.draws[Quantity("mnist", "both", "nearest_q50")][0]
    # Distances are 2e-5 here, and references rounded to single precision: 784 pixels below 0.5 are
    # off by 28 * 0.5 * 6e-8 / sqrt(3) = 5e-7 together, if that.
    assert found == pytest.approx(
        np.median(cdist(images[test], images[~test]).min(axis=1)), rel=0.05
    )
    # The other way round they are others.
    other = np.median(cdist(images[~test], images[test]).min(axis=1))
    assert found != pytest.approx(other, rel=0.2)


def test_shards_out_of_order_are_refused(inputs):
    spectra, points, weights = inputs
    swapped = {**spectra, "uniform": spectra["uniform"][::-1]}
    with pytest.raises(UnrelatedFilesError, match=r"spectra_uniform\.1.*point 150, where point 0"):
        evidence_of(swapped, points, weights)
