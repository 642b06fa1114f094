"""How long a step of training takes: ours, two common loops, and what the processor allows.

Usage: python benchmarks/training.py > table.md

All contestants train the paper's autoencoder (d = 20) with Adam on MNIST, or on random pixels that
are as sparse where resources/mnist is missing, on one thread. They take turns, a few steps at a
time, in one process; CPU time is counted, and medians and ratios are over the rounds.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch
from targets import Target, print_targets
from torch.utils.data import DataLoader, TensorDataset

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from jacspec.data.mnist import TRAINING_IMAGES, pixels_of_images, read_mnist  # noqa: E402
from jacspec.models.autoencoder import PIXELS, initialized_autoencoder  # noqa: E402
from jacspec.models.flat_network import FlatNetwork  # noqa: E402
from jacspec.models.optimizers import Adam  # noqa: E402
from jacspec.models.training_step import training_step  # noqa: E402

LATENT_DIM = 20
LEARNING_RATE = 1e-3
BATCH_SIZES = (32, 128)
ROUNDS = 15
STEPS_PER_ROUND = 20
# Adam's moments of the pixels that are black in every image of a while take about 800 steps to
# become denormal: what is measured is the training's steady state, not its first second.
STEPS_BEFORE = 1000
SGEMM_SIZE = 1024

INDEXED = "indexed, autograd, fused Adam"
DATA_LOADER = "DataLoader, autograd, Adam"
# How many times as long others are to take, denormal numbers being flushed to zero for them too.
TARGETS = {(32, f"{INDEXED}, flushed"): 1.5, (32, f"{DATA_LOADER}, flushed"): 2.2}

Steps = Callable[[int], None]


def training_points() -> tuple[torch.Tensor, str]:
    """Return 60,000 points (n, 784) float32, and what they are."""
    folder = ROOT / "resources" / "mnist"
    if folder.is_dir():
        return torch.from_numpy(pixels_of_images(read_mnist(folder).images[:TRAINING_IMAGES])), (
            "MNIST's training images"
        )
    print(f"{folder} IS MISSING: RANDOM PIXELS ARE USED IN PLACE OF MNIST", file=sys.stderr)
    generator = torch.Generator().manual_seed(0)
    # As in MNIST, 19 % of the pixels are not black, and those at the margin almost never.
    share = torch.rand(PIXELS, generator=generator) ** 4
    points = torch.rand(TRAINING_IMAGES, PIXELS, generator=generator)
    points *= torch.rand(TRAINING_IMAGES, PIXELS, generator=generator) < share
    return points, "**random pixels, sparse like MNIST** (resources/mnist is missing)"


def endless_batches(points: torch.Tensor, batch_size: int) -> Iterator[torch.Tensor]:
    """Yield the indices (batch_size,) of one batch after the other, in random order."""
    while True:
        whole_batches = len(points) // batch_size
        yield from torch.randperm(len(points))[: whole_batches * batch_size].view(-1, batch_size)


def data_loader_loop(points: torch.Tensor, batch_size: int) -> Steps:
    """Return the loop that everybody writes."""
    autoencoder = initialized_autoencoder(LATENT_DIM)
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=LEARNING_RATE)
    loader = DataLoader(TensorDataset(points), batch_size, shuffle=True, drop_last=True)
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


def indexed_loop(points: torch.Tensor, batch_size: int) -> Steps:
    """Return a careful loop: tensors indexed directly, autograd, fused optimizer."""
    autoencoder = initialized_autoencoder(LATENT_DIM)
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=LEARNING_RATE, fused=True)
    batches = endless_batches(points, batch_size)
    total = torch.zeros(())

    def steps(count: int) -> None:
        for _ in range(count):
            batch = points[next(batches)]
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(autoencoder(batch), batch)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach())

    return steps


def our_loop(points: torch.Tensor, batch_size: int) -> Steps:
    """Return the loop of jacspec.models."""
    network = FlatNetwork(initialized_autoencoder(LATENT_DIM))
    optimizer = Adam(network.parameters, network.gradient, LEARNING_RATE)
    total = torch.zeros((), dtype=torch.float64)
    step = training_step(network, optimizer, points, total, batch_size)
    batches = endless_batches(points, batch_size)

    def steps(count: int) -> None:
        with torch.inference_mode():
            for _ in range(count):
                step(next(batches))

    return steps


def useful_flops(batch_size: int) -> int:
    """Return the additions and multiplications of a step's matrix products.

    Forward, the gradient of the weights, and that of the inputs of all layers but the first.
    """
    autoencoder = initialized_autoencoder(LATENT_DIM)
    widths = [PIXELS, *(layer.out_features for layer in autoencoder.linear_layers())]
    weights = [inputs * outputs for inputs, outputs in pairwise(widths)]
    return 2 * batch_size * (3 * sum(weights) - weights[0])


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(contestants: dict[str, tuple[Steps, bool]]) -> dict[str, list[float]]:
    """Return for each contestant its microseconds a step in every round, and sgemm's GFLOP/s.

    A contestant is its loop, and whether denormal numbers are flushed to zero while it runs.
    """
    matrix = torch.rand(SGEMM_SIZE, SGEMM_SIZE)
    product = torch.empty_like(matrix)
    times: dict[str, list[float]] = {name: [] for name in [*contestants, "sgemm"]}
    for steps, flush in contestants.values():
        torch.set_flush_denormal(flush)
        steps(STEPS_BEFORE)
    for _ in range(ROUNDS):
        for name, (steps, flush) in contestants.items():
            torch.set_flush_denormal(flush)
            seconds = cpu_seconds(lambda steps=steps: steps(STEPS_PER_ROUND))
            times[name].append(seconds / STEPS_PER_ROUND * 1e6)
        seconds = cpu_seconds(lambda: torch.mm(matrix, matrix, out=product))
        times["sgemm"].append(2 * SGEMM_SIZE**3 / seconds / 1e9)
    return times


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    points, description = training_points()
    print(f"One step of Adam, d = {LATENT_DIM}, one thread, CPU time; {description}.\n")
    print("| batch | loop | denormals | µs a step | × ours | share of sgemm rate |")
    print("| ---: | --- | --- | ---: | ---: | ---: |")
    targets = []
    for batch_size in BATCH_SIZES:
        careful, common = indexed_loop, data_loader_loop
        contestants = {
            "ours": (our_loop(points, batch_size), True),
            f"{INDEXED}, flushed": (careful(points, batch_size), True),
            f"{DATA_LOADER}, flushed": (common(points, batch_size), True),
            INDEXED: (careful(points, batch_size), False),
            DATA_LOADER: (common(points, batch_size), False),
        }
        times = measure(contestants)
        ours, rates = times["ours"], times["sgemm"]
        flops = useful_flops(batch_size)
        for name, (_steps, flush) in contestants.items():
            ratio = median(other / mine for other, mine in zip(times[name], ours, strict=True))
            share = median(
                flops / (microseconds * rate * 1e3)
                for microseconds, rate in zip(times[name], rates, strict=True)
            )
            print(
                f"| {batch_size} | {name.removesuffix(', flushed')} | "
                f"{'flushed' if flush else 'kept'} | {median(times[name]):.0f} | {ratio:.2f} | "
                f"{share:.0%} |"
            )
            if (batch_size, name) in TARGETS:
                what = f"batch {batch_size}: {name.removesuffix(', flushed')} / ours"
                targets.append(Target(what, ratio, "≥", TARGETS[batch_size, name]))
        limit = [flops / (rate * 1e3) for rate in rates]
        ratio = median(bound / mine for bound, mine in zip(limit, ours, strict=True))
        print(
            f"| {batch_size} | limit: {flops / 1e6:.1f} MFLOP at {median(rates):.0f} GFLOP/s | | "
            f"{median(limit):.0f} | {ratio:.2f} | 100% |"
        )
    print_targets(targets)


if __name__ == "__main__":
    main()
