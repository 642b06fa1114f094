"""How long a step of training takes: ours, two common loops, and what the processor allows.

Usage: python benchmarks/training.py > table.md

All contestants train the paper's autoencoder (d = 20) on MNIST, or on random pixels that are as
sparse where resources/mnist is missing, on one thread, with denormal numbers flushed to zero. They
take turns, a few steps at a time, in one process that no environment variable holds to older
kernels; CPU time is counted, and medians and ratios are over the rounds.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch
from kernels import kernels_in_use, without_chosen_kernels
from targets import Target, print_targets
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader, TensorDataset

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from jacspec.data.mnist import TRAINING, pixels_of_images, read_mnist  # noqa: E402
from jacspec.models.architecture import Architecture  # noqa: E402
from jacspec.models.autoencoder import autoencoder_of  # noqa: E402
from jacspec.models.cpu_operations import CpuOperations  # noqa: E402
from jacspec.models.flat_network import FlatNetwork, Operations  # noqa: E402
from jacspec.models.initial_weights import initial_parameters  # noqa: E402
from jacspec.models.torch_operations import TorchOperations  # noqa: E402
from jacspec.models.training_step import training_step  # noqa: E402

ARCHITECTURE = Architecture(20)
# The learning rates are those that are usual for each.
OPTIMIZERS = {"adam": {"lr": 1e-3}, "sgd": {"lr": 0.1, "momentum": 0.9}}
BATCH_SIZES = (16, 32, 128)
ROUNDS = 15
STEPS_PER_ROUND = 20
# Adam's moments of the pixels that are black in every image of a while take about 800 steps to
# become denormal: what is measured is the training's steady state, not its first second.
STEPS_BEFORE = 1000
SGEMM_SIZE = 1024

OURS = "ours"
OURS_IN_TORCH = "ours, with torch's operations as on a GPU"
INDEXED = "indexed tensors, autograd, fused optimizer"
DATA_LOADER = "DataLoader, autograd, torch.optim"
# How many times as long others are to take with Adam and a batch of 32.
TARGETS = {INDEXED: 1.5, DATA_LOADER: 2.2}

Steps = Callable[[int], None]


def training_points() -> tuple[np.ndarray, str]:
    """Return 60,000 points (n, 784) float32, and what they are."""
    folder = ROOT / "resources" / "mnist"
    if folder.is_dir():
        images = read_mnist(folder)
        return pixels_of_images(images.images[images.split == TRAINING]), "MNIST's training images"
    print(f"{folder} IS MISSING: RANDOM PIXELS ARE USED IN PLACE OF MNIST", file=sys.stderr)
    generator = np.random.default_rng(0)
    # As in MNIST, 19 % of the pixels are not black, and those at the margin almost never.
    share = generator.random(784, dtype=np.float32) ** 4
    points = generator.random((60_000, 784), dtype=np.float32)
    points *= generator.random((60_000, 784), dtype=np.float32) < share
    return points, "**random pixels, sparse like MNIST** (resources/mnist is missing)"


def endless_batches(count: int, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the indices (batch_size,) of one batch after the other, in random order."""
    generator = np.random.default_rng(0)
    while True:
        whole_batches = count // batch_size
        yield from generator.permutation(count)[: whole_batches * batch_size].reshape(
            -1, batch_size
        )


def modules(optimizer: str, **options: bool) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Return an autoencoder, and torch's optimizer for it."""
    autoencoder = autoencoder_of(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0))
    class_ = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]
    return autoencoder, class_(autoencoder.parameters(), **OPTIMIZERS[optimizer], **options)


def data_loader_loop(points: np.ndarray, batch_size: int, optimizer_name: str) -> Steps:
    """Return the loop that everybody writes."""
    autoencoder, optimizer = modules(optimizer_name)
    tensors = TensorDataset(torch.from_numpy(points))
    loader = DataLoader(tensors, batch_size, shuffle=True, drop_last=True)
    batches = (batch for _epoch in iter(int, 1) for (batch,) in loader)

    def steps(count: int) -> None:
        total = 0.0
        for _ in range(count):
            batch = next(batches)
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(autoencoder(batch), batch)
            loss.backward()
            optimizer.step()
            total += loss.item()

    return steps


def indexed_loop(points: np.ndarray, batch_size: int, optimizer_name: str) -> Steps:
    """Return a careful loop: tensors indexed directly, autograd, fused optimizer."""
    autoencoder, optimizer = modules(optimizer_name, fused=True)
    tensor = torch.from_numpy(points)
    batches = endless_batches(len(points), batch_size)
    total = torch.zeros(())

    def steps(count: int) -> None:
        for _ in range(count):
            batch = tensor[torch.from_numpy(next(batches))]
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(autoencoder(batch), batch)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach())

    return steps


def our_loop(
    points: np.ndarray, batch_size: int, optimizer_name: str, operations: Operations
) -> Steps:
    """Return the loop of jacspec.models."""
    network = FlatNetwork(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), operations)
    make_optimizer = getattr(operations, optimizer_name)
    constants = OPTIMIZERS[optimizer_name].values()
    optimizer = make_optimizer(network.parameters, network.gradient, *constants)
    total = operations.zeros(1, dtype=np.float64)
    step = training_step(
        network,
        optimizer,
        "mean_squared_error",
        operations.from_numpy(points),
        total,
        batch_size,
    )
    batches = endless_batches(len(points), batch_size)

    def steps(count: int) -> None:
        with torch.inference_mode():
            for _ in range(count):
                step(operations.from_numpy(next(batches)))

    return steps


def useful_flops(batch_size: int) -> int:
    """Return the additions and multiplications of a step's matrix products.

    Forward, the gradient of the weights, and that of the inputs of all layers but the first.
    """
    widths = [*ARCHITECTURE.encoder_widths, *ARCHITECTURE.encoder_widths[-2::-1]]
    weights = [inputs * outputs for inputs, outputs in pairwise(widths)]
    return 2 * batch_size * (3 * sum(weights) - weights[0])


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(contestants: dict[str, Steps]) -> dict[str, list[float]]:
    """Return for each contestant its microseconds a step in every round, and sgemm's GFLOP/s.

    The latter is that of the library whose product of large matrices is the faster one.
    """
    matrix = np.random.default_rng(0).random((SGEMM_SIZE, SGEMM_SIZE), dtype=np.float32)
    product = np.empty_like(matrix)
    tensor, tensor_product = torch.from_numpy(matrix), torch.from_numpy(product)
    times: dict[str, list[float]] = {name: [] for name in [*contestants, "sgemm"]}
    for steps in contestants.values():
        steps(STEPS_BEFORE)
    for _ in range(ROUNDS):
        for name, steps in contestants.items():
            seconds = cpu_seconds(lambda steps=steps: steps(STEPS_PER_ROUND))
            times[name].append(seconds / STEPS_PER_ROUND * 1e6)
        seconds = min(
            cpu_seconds(lambda: np.matmul(matrix, matrix, out=product)),
            cpu_seconds(lambda: torch.mm(tensor, tensor, out=tensor_product)),
        )
        times["sgemm"].append(2 * SGEMM_SIZE**3 / seconds / 1e9)
    return times


def table_rows(points: np.ndarray, optimizer: str, batch_size: int) -> Iterator[tuple[str, float]]:
    """Print the rows of one optimizer and batch size, and yield names and × ours."""
    arguments = (points, batch_size, optimizer)
    times = measure(
        {
            OURS: our_loop(*arguments, CpuOperations(np.float32)),
            OURS_IN_TORCH: our_loop(*arguments, TorchOperations(np.float32, "cpu")),
            INDEXED: indexed_loop(*arguments),
            DATA_LOADER: data_loader_loop(*arguments),
        }
    )
    flops, rates = useful_flops(batch_size), times.pop("sgemm")
    limit = f"limit: {flops / 1e6:.1f} MFLOP at {median(rates):.0f} GFLOP/s"
    times[limit] = [flops / (rate * 1e3) for rate in rates]
    for name, microseconds in times.items():
        ratio = median(map(float.__truediv__, microseconds, times[OURS]))
        share = median(map(float.__truediv__, times[limit], microseconds))
        print(
            f"| {optimizer} | {batch_size} | {name} | {median(microseconds):.0f} | {ratio:.2f} | "
            f"{share:.0%} |",
            flush=True,
        )
        yield name, ratio


def main() -> None:
    """Print the table."""
    without_chosen_kernels()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    points, description = training_points()
    print(f"One step, d = 20, one thread, CPU time; {description}.\n\n{kernels_in_use()}.\n")
    print("| optimizer | batch | loop | µs a step | × ours | share of sgemm rate |")
    print("| --- | ---: | --- | ---: | ---: | ---: |")
    targets = []
    with threadpool_limits(1):
        for optimizer in OPTIMIZERS:
            for batch_size in BATCH_SIZES:
                for name, ratio in table_rows(points, optimizer, batch_size):
                    if (optimizer, batch_size) == ("adam", 32) and name in TARGETS:
                        what = f"{optimizer}, batch {batch_size}: {name} / ours"
                        targets.append(Target(what, ratio, "≥", TARGETS[name]))
    print_targets(targets)


if __name__ == "__main__":
    main()
