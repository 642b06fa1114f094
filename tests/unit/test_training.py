"""Training: against autograd and torch.optim, through interruptions, and when it goes wrong."""

import logging
import math

import numpy as np
import pytest
import torch
from fresh_process import python
from threadpoolctl import threadpool_info, threadpool_limits

from cases import DEVICES
from jacspec.errors import JacspecError, TrainingDivergedError
from jacspec.models import training as training_module
from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import autoencoder_of
from jacspec.models.checkpoints import CheckpointFile
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.recipe import TrainingRecipe
from jacspec.models.torch_operations import TorchOperations
from jacspec.models.training import train
from jacspec.models.training_course import TrainingInterrupted
from jacspec.models.training_run import epoch_order

PIXELS = 20
SMALL = Architecture(4, (12, 9, 7), PIXELS)
ADAM = TrainingRecipe(epochs=2, optimizer="adam", learning_rate=1e-3, batch_size=32)
SGD = TrainingRecipe(epochs=2, optimizer="sgd", learning_rate=0.1, batch_size=32, momentum=0.9)
# 500 points make 15 whole batches of 32 and one of 20.
BATCHES = 16


def random_points(count, seed, dtype=np.float32):
    return np.random.default_rng(seed).random((count, PIXELS)).astype(dtype)


def train_small(recipe, *, seed=0, dtype=np.float32, architecture=SMALL, **arguments):
    points, test_points = random_points(500, 1, dtype), random_points(70, 2, dtype)
    return train(recipe, architecture, points, test_points, seed=seed, **arguments)


def parameters_of(result):
    return np.concatenate([values.ravel() for values in result.parameters.values()])


def losses_of(result):
    return [(record.train_loss, record.test_loss) for record in result.history]


# ---- Against autograd ---------------------------------------------------------------------------


def torch_loss(name, outputs, inputs):
    if name == "mean_squared_error":
        return torch.nn.functional.mse_loss(outputs, inputs)
    return (outputs - inputs).norm(dim=1).mean()


def trained_by_autograd(recipe, optimizer_class, seed=0, architecture=SMALL, **options):
    """Return what a plain loop with autograd and torch.optim makes in float64, and its losses."""
    points, test_points = (
        torch.from_numpy(random_points(count, number, np.float64))
        for count, number in ((500, 1), (70, 2))
    )
    autoencoder = autoencoder_of(architecture, initial_parameters(architecture, seed)).double()
    optimizer = optimizer_class(autoencoder.parameters(), lr=recipe.learning_rate, **options)
    losses = []
    for epoch in range(recipe.epochs):
        total = 0.0
        order = torch.from_numpy(epoch_order(seed, epoch, len(points)))
        for indices in order.split(recipe.batch_size):
            batch = points[indices]
            loss = torch_loss(recipe.loss, autoencoder(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        with torch.no_grad():
            test_loss = torch_loss(recipe.loss, autoencoder(test_points), test_points).item()
            losses.append((total / len(points), test_loss))
    parameters = [value.detach().flatten() for value in autoencoder.state_dict().values()]
    return torch.cat(parameters).numpy(), losses


@pytest.fixture(params=["numpy", *DEVICES])
def on_every_library(request, monkeypatch):
    """Train with NumPy, with torch's operations on the CPU, and with them on a GPU."""
    if request.param != "numpy":
        monkeypatch.setattr(
            training_module, "_operations", lambda _, dtype: TorchOperations(dtype, request.param)
        )


@pytest.mark.usefixtures("on_every_library")
@pytest.mark.parametrize(
    ("recipe", "optimizer_class", "options"),
    [
        (ADAM, torch.optim.Adam, {}),
        (SGD, torch.optim.SGD, {"momentum": 0.9}),
        (TrainingRecipe(2, "sgd", 0.1, 128, None), torch.optim.SGD, {}),
        (TrainingRecipe(2, "adam", 1e-3, 1000), torch.optim.Adam, {}),
        (TrainingRecipe(2, "sgd", 0.1, 32, None, "mean_euclidean_distance"), torch.optim.SGD, {}),
    ],
)
def test_training_agrees_with_autograd_and_torch_optim(recipe, optimizer_class, options):
    result = train_small(recipe, dtype=np.float64)
    expected, expected_losses = trained_by_autograd(recipe, optimizer_class, **options)
    # Gradients here are below 0.1 and differ by δ < 6e-14 * 0.1 (see test_flat_network). A step of
    # Adam changes by at most 2 lr δ / ε = 2 * 1e-3 * 6e-15 / 1e-8 where a gradient is as small as
    # ε = 1e-8, and far less elsewhere; 32 steps make 4e-8. A step of SGD changes by
    # lr δ / (1 - momentum) < δ.
    # The result is rounded to float32: by at most 2^-25 = 3e-8 for values below 1.
    np.testing.assert_allclose(parameters_of(result), expected, rtol=0, atol=7e-8)
    # The loss has a gradient of norm below 1, and moves by less than the parameters do, 4e-8
    # before rounding, times the square root of their number, 1200.
    np.testing.assert_allclose(losses_of(result), expected_losses, rtol=0, atol=35 * 4e-8)


def test_float32_training_agrees_with_float64_within_rounding():
    # SGD without momentum only: Adam divides gradients by their own size, so that one that is all
    # rounding error is followed as far as any other. Errors of 8 layers times sums of 20 terms in
    # float32, 160 * 2^-24 = 1e-5 of gradients below 0.1; lr = 0.1, 32 steps: 0.1 * 32 * 1e-6.
    recipe = TrainingRecipe(2, "sgd", 0.1, 32)
    single = parameters_of(train_small(recipe))
    double = parameters_of(train_small(recipe, dtype=np.float64))
    assert np.abs(single - double).max() < 4e-6
    assert not np.array_equal(single, double)


def test_training_reduces_the_loss_on_points_with_structure():
    codes = np.random.default_rng(0).standard_normal((512, 2), dtype=np.float32)
    points = 1 / (1 + np.exp(-codes @ random_points(2, 3)))
    recipe = TrainingRecipe(30, "adam", 3e-3, 32)
    result = train(recipe, Architecture(2, (12, 9, 7), PIXELS), points, points, seed=0)
    assert result.history[-1].test_loss < points.var(axis=0).mean() / 2


# ---- What the result depends on -----------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_same_arguments_give_the_same_bits(device):
    first, again = (train_small(ADAM, device=device) for _ in range(2))
    assert np.array_equal(parameters_of(first), parameters_of(again))
    assert losses_of(first) == losses_of(again)


def test_seed_changes_the_result():
    assert not np.array_equal(
        parameters_of(train_small(ADAM)), parameters_of(train_small(ADAM, seed=1))
    )


def threads_in_use():
    return {library["num_threads"] for library in threadpool_info()}


def test_number_of_threads_changes_nothing_and_is_restored():
    """At these sizes, OpenBLAS divides products among all the threads that it may have."""
    points = np.random.default_rng(0).random((1100, 784), dtype=np.float32)
    recipe = TrainingRecipe(1, "adam", 1e-3, 512)
    results, during = [], []
    for threads in (1, 2):
        with threadpool_limits(threads):
            result = train(
                recipe,
                Architecture(8, (128,)),
                points,
                points,
                seed=0,
                report=lambda _: during.append(threads_in_use()),
            )
            assert threads_in_use() == {threads}
        results.append(parameters_of(result))
    assert np.array_equal(*results)
    assert during == [{1}, {1}]


def test_a_training_on_the_cpu_does_without_torch():
    program = """
        import sys
        import numpy as np
        from jacspec.models.architecture import Architecture
        from jacspec.models.recipe import TrainingRecipe
        from jacspec.models.training import train

        points = np.random.default_rng(0).random((50, 20), dtype=np.float32)
        recipe = TrainingRecipe(1, "adam", 1e-3, 32)
        train(recipe, Architecture(2, (8,), 20), points, points, seed=0)
        print("torch" in sys.modules)
        """
    assert python(program) == "False"


def test_order_of_points_is_a_permutation_by_seed_and_epoch():
    orders = [tuple(epoch_order(seed, epoch, 100).tolist()) for seed in (0, 1) for epoch in (0, 1)]
    assert len(set(orders)) == 4
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert orders[0] == tuple(epoch_order(0, 0, 100).tolist())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("recipe", [ADAM, SGD])
def test_gpu_agrees_with_the_cpu(recipe):
    on_cpu = train_small(recipe, dtype=np.float64)
    on_gpu = train_small(recipe, dtype=np.float64, device="cuda")
    # The derivation is that of the comparison with autograd.
    np.testing.assert_allclose(parameters_of(on_gpu), parameters_of(on_cpu), rtol=0, atol=1e-7)


# ---- Records ------------------------------------------------------------------------------------


def test_every_epoch_is_reported_and_recorded():
    reported = []
    result = train_small(ADAM, report=reported.append)
    assert tuple(reported) == result.history
    assert [(record.epoch, record.epochs) for record in reported] == [(1, 2), (2, 2)]
    assert reported[0].seconds_left == pytest.approx(reported[0].seconds)
    assert reported[1].seconds_left == 0
    assert "epoch 2/2: train loss 0." in str(reported[1])


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_euclidean_distance"])
def test_test_loss_is_that_of_the_returned_weights(loss):
    result = train_small(TrainingRecipe(2, "adam", 1e-3, 32, loss=loss))
    points = torch.from_numpy(random_points(70, 2)).double()
    with torch.no_grad():
        autoencoder = autoencoder_of(SMALL, result.parameters).double()
        expected = torch_loss(loss, autoencoder(points), points).item()
    # Float32 forward pass of 8 layers with sums of at most 20 terms: 160 * 2^-24 = 1e-5 relative.
    assert result.history[-1].test_loss == pytest.approx(expected, rel=1e-5)


# ---- Interruptions ------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path):
    return CheckpointFile(tmp_path / "checkpoint.pt", 60, {"recipe": "one"})


def stop_after(steps):
    """Return a `stop_requested` that says so once, after `steps` steps."""
    countdown = iter([*[False] * (steps - 1), True])
    return lambda: next(countdown, False)


@pytest.mark.usefixtures("on_every_library")
@pytest.mark.parametrize("recipe", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("steps", [1, 7, BATCHES - 1, BATCHES, BATCHES + 1, 2 * BATCHES])
def test_training_that_was_stopped_goes_on_to_the_same_bits(checkpoint, recipe, steps):
    undisturbed = train_small(recipe)
    with pytest.raises(TrainingInterrupted, match=r"checkpoint\.pt"):
        train_small(recipe, checkpoint=checkpoint, stop_requested=stop_after(steps))
    resumed = train_small(recipe, checkpoint=checkpoint)
    assert np.array_equal(parameters_of(resumed), parameters_of(undisturbed))
    assert losses_of(resumed) == losses_of(undisturbed)


def test_training_that_was_stopped_goes_on_from_where_it_was(checkpoint):
    with pytest.raises(TrainingInterrupted):
        train_small(ADAM, checkpoint=checkpoint, stop_requested=stop_after(BATCHES + 5))
    reported, steps = [], []
    train_small(
        ADAM,
        checkpoint=checkpoint,
        report=reported.append,
        stop_requested=lambda: bool(steps.append(1)),
    )
    assert [record.epoch for record in reported] == [2]
    assert len(steps) == BATCHES - 5


def test_training_that_was_killed_five_times_goes_on_to_the_same_bits(tmp_path):
    # A kill leaves the last timed checkpoint, here after every step.
    every_step = CheckpointFile(tmp_path / "checkpoint.pt", 0, {})
    for steps in (3, 1, 12, 4, 8):
        calls = iter(range(steps))

        def killed(calls=calls):
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return False

        with pytest.raises(KeyboardInterrupt):
            train_small(ADAM, checkpoint=every_step, stop_requested=killed)
    resumed, undisturbed = train_small(ADAM, checkpoint=every_step), train_small(ADAM)
    assert np.array_equal(parameters_of(resumed), parameters_of(undisturbed))


def test_no_checkpoint_is_written_before_its_time(checkpoint):
    train_small(ADAM, checkpoint=checkpoint)
    assert not checkpoint.path.exists()


@pytest.mark.parametrize("damage", ["flipped bit", "truncated", "other fingerprint"])
def test_unusable_checkpoint_is_warned_of_and_training_starts_again(checkpoint, caplog, damage):
    with pytest.raises(TrainingInterrupted):
        train_small(SGD, checkpoint=checkpoint, stop_requested=stop_after(9))
    content = bytearray(checkpoint.path.read_bytes())
    if damage == "flipped bit":
        content[len(content) // 2] ^= 4
        checkpoint.path.write_bytes(content)
    elif damage == "truncated":
        checkpoint.path.write_bytes(content[:-100])
    else:
        checkpoint = CheckpointFile(checkpoint.path, 60, {"recipe": "two"})
    with caplog.at_level(logging.WARNING):
        result = train_small(ADAM, checkpoint=checkpoint)
    assert "starts from the beginning" in caplog.text
    fresh = train_small(ADAM)
    assert np.array_equal(parameters_of(result), parameters_of(fresh))


# ---- When it goes wrong -------------------------------------------------------------------------


def test_divergence_names_epoch_learning_rate_and_remedy():
    with pytest.raises(TrainingDivergedError) as raised:
        train_small(TrainingRecipe(3, "sgd", 1e38, 32))
    assert "epoch 1 of 3" in str(raised.value)
    assert "1e+38" in str(raised.value)
    assert "1e+37" in str(raised.value)
    assert "learning_rate" in str(raised.value)


def test_point_that_is_not_a_number_is_not_trained_on_silently():
    points = random_points(64, 0)
    points[40, 3] = math.nan
    with pytest.raises(TrainingDivergedError):
        train(ADAM, SMALL, points, points[:32], seed=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "rmsprop"},
        {"loss": "cross_entropy"},
        {"training_points": "test"},
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"optimizer": "sgd", "momentum": 1.0},
    ],
)
def test_impossible_recipe_is_refused(changes):
    with pytest.raises(JacspecError):
        TrainingRecipe(**{**vars(ADAM), **changes})
