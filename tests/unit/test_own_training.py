"""Autoencoders of factories are trained, killed, gone on with and loaded like the dense ones."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import own_autoencoders
import pytest
import torch
from torch.nn.functional import mse_loss

from cases import DEVICES
from jacspec.autoencoders.evaluation import jacobian_spectra
from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.own import load_own_autoencoder
from jacspec.autoencoders.training import train_own_autoencoder
from jacspec.errors import AutoencoderError, DamagedFileError
from jacspec.models.import_weights import import_weights
from jacspec.models.network import reconstructions
from jacspec.models.recipe import TrainingRecipe
from jacspec.models.state_dict import read_archive
from jacspec.models.training_course import TrainingInterrupted
from jacspec.models.training_run import epoch_order
from jacspec.spectra.engine import SpectraEngine

FILE = Path(own_autoencoders.__file__)
ADAM = TrainingRecipe(epochs=2, optimizer="adam", learning_rate=1e-3, batch_size=16)
SGD = TrainingRecipe(
    *(2, "sgd", 1e-2, 16), momentum=0.5, loss="mean_euclidean_distance", training_points="all"
)
IMAGES = np.random.default_rng(0).random((70, 1, 8, 8), dtype=np.float32)


def factory(name):
    return Factory(str(FILE), name)


def trained(folder, **changes):
    arguments = {
        "factory": factory("convolutional"),
        "latent_dim": 3,
        "training_images": IMAGES[:50],
        "test_images": IMAGES[50:],
        "recipe": ADAM,
        "seed": 0,
        "checkpoint_path": folder / ".checkpoint.pt",
        "code_digest": "abc",
        **changes,
    }
    train_own_autoencoder(folder / "weights.pt", folder / "training.csv", **arguments)
    return (folder / "weights.pt").read_bytes()


def stop_after(steps):
    """Return a `stop_requested` that says so once, after `steps` steps."""
    countdown = iter([*[False] * (steps - 1), True])
    return lambda: next(countdown, False)


# An epoch has four steps.
@pytest.mark.parametrize("steps", [1, 3, 4, 6])
@pytest.mark.parametrize("recipe", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_training_that_was_stopped_ends_in_the_same_bytes(tmp_path, device, recipe, steps):
    undisturbed, stopped = tmp_path / "undisturbed", tmp_path / "stopped"
    settings = {"recipe": recipe, "device": device}
    expected = trained(undisturbed, **settings)
    with pytest.raises(TrainingInterrupted):
        trained(stopped, **settings, stop_requested=stop_after(steps))
    assert [path.name for path in stopped.iterdir()] == [".checkpoint.pt"]
    assert trained(stopped, **settings) == expected
    assert sorted(path.name for path in stopped.iterdir()) == ["training.csv", "weights.pt"]
    losses = [
        [line.split(",")[:3] for line in (folder / "training.csv").read_text().splitlines()]
        for folder in (undisturbed, stopped)
    ]
    assert losses[0] == losses[1]


def test_a_damaged_checkpoint_is_not_gone_on_with(tmp_path):
    expected = trained(tmp_path / "undisturbed")
    with pytest.raises(TrainingInterrupted):
        trained(tmp_path, stop_requested=stop_after(6))
    checkpoint = tmp_path / ".checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-40])
    assert trained(tmp_path) == expected


def test_neither_threads_nor_torchs_generator_change_the_result_or_are_changed(tmp_path):
    expected = trained(tmp_path / "one")
    torch.manual_seed(5)
    state = torch.get_rng_state()
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert trained(tmp_path / "other") == expected
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.get_rng_state().equal(state)
    assert trained(tmp_path / "another_seed", seed=1) != expected


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_steps_are_those_of_torchs_optimizers(tmp_path, optimizer):
    recipe = replace(ADAM, epochs=1, optimizer=optimizer, momentum=0.5)
    trained(tmp_path, factory=factory("dense"), recipe=recipe)
    found = read_archive(tmp_path / "weights.pt").content
    module = factory("dense").build(3, (1, 8, 8), seed=0)
    optimizers = {
        "adam": lambda parameters: torch.optim.Adam(parameters, 1e-3),
        "sgd": lambda parameters: torch.optim.SGD(parameters, 1e-3, momentum=0.5),
    }
    reference = optimizers[optimizer](module.parameters())
    points = torch.from_numpy(IMAGES[:50])
    for indices in torch.from_numpy(epoch_order(0, 0, 50)).split(16):
        reference.zero_grad()
        batch = points[indices]
        mse_loss(module.decode(module.encode(batch)), batch).backward()
        reference.step()
    for name, values in module.state_dict().items():
        # Four steps of float32 arithmetic in another order, relative to values of about 0.1; Adam
        # divides by gradients near 0, whose rounding it makes as large as a step's share.
        np.testing.assert_allclose(found[name], values, atol=2e-6)


def test_what_was_trained_is_loaded_with_its_buffers(tmp_path):
    trained(tmp_path)
    name = str(factory("convolutional"))
    model = load_own_autoencoder(tmp_path / "weights.pt", name)
    module = factory("convolutional").build(3, (1, 8, 8), seed=9)
    module.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert module.encoder[1].num_batches_tracked == 8
    module.double().eval()
    points = IMAGES[50:]
    with torch.no_grad():
        expected = module.decoder(module.encoder(torch.from_numpy(points).double())).numpy()
    # Up to the order of sums in float64.
    np.testing.assert_allclose(reconstructions(model, points), expected, atol=1e-13)
    flat = reconstructions(model, points.reshape(20, -1))
    assert np.array_equal(flat, reconstructions(model, points).reshape(20, -1))


@pytest.mark.parametrize(("name", "engine"), [("convolutional", "general"), ("dense", "dense")])
def test_spectra_are_those_of_the_module(tmp_path, name, engine):
    trained(tmp_path, factory=factory(name))
    model = load_own_autoencoder(tmp_path / "weights.pt", str(factory(name)))
    source = model.jacobian_source()
    assert (source.engine, source.latent_dim) == (engine, 3)
    points = IMAGES[50:].astype(np.float64)
    with SpectraEngine(source) as spectra_engine:
        found = spectra_engine.submit(points.reshape(20, *source.point_shape)).result()
    expected = jacobian_spectra(model.module, points, engine="general")
    # Both engines are exact to some 1e-13 of Jacobians of norms about 1.
    np.testing.assert_allclose(found.trace_input, expected.trace_input, atol=1e-10)


WRONG = {
    "too_few": "has 2 latent values, not 3; have it use its argument latent_dim",
    "double": "has parameters of torch.float64; use torch.float32",
    "nothing": "returns a NoneType; return a torch.nn.Module",
    "failing": "fails with ValueError: not today",
    "absent": "fails with AttributeError",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_factory_that_cannot_be_used_is_refused(tmp_path, name):
    with pytest.raises(AutoencoderError) as refusal:
        trained(tmp_path, factory=factory(name))
    assert WRONG[name] in str(refusal.value)


def test_every_flipped_bit_of_weights_is_detected_or_harmless(tmp_path):
    trained(tmp_path)
    path, name = tmp_path / "weights.pt", str(factory("convolutional"))
    content = path.read_bytes()
    expected = load_own_autoencoder(path, name).module.state_dict()
    choice = random.Random(0)
    detected = 0
    for _ in range(60):
        damaged = bytearray(content)
        damaged[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
        path.write_bytes(damaged)
        try:
            found = load_own_autoencoder(path, name).module.state_dict()
        except DamagedFileError:
            detected += 1
        else:
            assert all(found[key].equal(values) for key, values in expected.items())
    assert detected > 10
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFileError, match="is damaged"):
        load_own_autoencoder(path, name)


def test_weights_of_another_module_are_refused(tmp_path):
    trained(tmp_path)
    with pytest.raises(DamagedFileError, match="does not fit the factory's module"):
        load_own_autoencoder(tmp_path / "weights.pt", str(factory("dense")))


def test_a_factorys_weights_from_elsewhere_are_imported(tmp_path):
    module = factory("convolutional").build(3, (1, 8, 8), seed=4)
    state = {f"net.{name}": values for name, values in module.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "mine.ckpt")
    import_weights(
        tmp_path / "mine.ckpt",
        tmp_path / "weights.pt",
        tmp_path / "training.csv",
        latent_dim=3,
        shape=(1, 8, 8),
        autoencoder={"factory": str(factory("convolutional"))},
        rename={"net": ""},
    )
    name = str(factory("convolutional"))
    found = load_own_autoencoder(tmp_path / "weights.pt", name).module.state_dict()
    assert all(found[key].equal(values) for key, values in module.state_dict().items())
