"""What a GPU brings: steps of training, spectra of dense layers, and of any two maps.

Usage: python benchmarks/gpu.py > table.md      says so where torch finds no GPU

All contestants take turns in one process; wall time is counted, since a GPU's work is not in CPU
time; numbers are medians over the rounds, after one that does not count. The processor beside it
has one thread, but where a column says that it has more: eigenvalues and signs are its part.
Weights are untrained, pixels random: neither changes the work.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import torch
from general import Contest, convolutional, dense
from kernels import kernels_in_use, without_chosen_kernels
from many_models import ManyModels
from threadpoolctl import threadpool_limits
from torch.func import jacfwd, jacrev, vmap
from training import ARCHITECTURE, OPTIMIZERS, endless_batches, modules, our_loop

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.cpu_operations import CpuOperations
from jacspec.models.network import network_of
from jacspec.models.recipe import TrainingRecipe
from jacspec.models.torch_operations import TorchOperations
from jacspec.models.training import train
from jacspec.report.record import processor
from jacspec.spectra.dense import dense_source
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.general import GeneralSource

ROUNDS = 3
PIXELS = 784
BATCH_SIZES = (16, 32, 128)
STEPS = 400
CPU_STEPS = 50
EPOCHS = 5
# As many as the paper's sweep has, and as it has seeds.
MODELS = (1, 2, 8, 38)
LATENT_DIMS = (2, 8, 14, 20)
GPU_POINTS = 60_000
CPU_POINTS = 2_000
VMAP_POINTS = 4_096
GENERAL_POINTS = 4_096
# The paper's sweep: 38 trainings of 300 epochs of 60,000 images, and 418 shards of 70,000 points.
SWEEP_EPOCHS = 38 * 300
SWEEP_IMAGES = 60_000
SWEEP_BATCH = 128
SWEEP_POINTS = 418 * 70_000

Work = Callable[[], object]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def wall_seconds(work: Work) -> float:
    """Return the time of one call, to the end of what it gave the GPU to do."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def microseconds(ways: dict[str, tuple[Work, int]]) -> dict[str, float]:
    """Return the median time of each way, divided by how much of its work one call does."""
    for work, _ in ways.values():
        work()
    rounds = [
        {name: wall_seconds(work) / amount * 1e6 for name, (work, amount) in ways.items()}
        for _ in range(ROUNDS)
    ]
    return {name: median(times[name] for times in rounds) for name in ways}


def autograd_loop(points: torch.Tensor, batch_size: int, optimizer_name: str) -> Callable:
    """Return the careful loop that one writes on a GPU: indexed tensors, autograd, fused steps."""
    autoencoder, _ = modules(optimizer_name)
    autoencoder.cuda()
    class_ = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer_name]
    optimizer = class_(autoencoder.parameters(), **OPTIMIZERS[optimizer_name], fused=True)
    batches = endless_batches(len(points), batch_size)

    def steps(count: int) -> None:
        for _ in range(count):
            batch = points[torch.from_numpy(next(batches)).cuda()]
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(autoencoder(batch), batch).backward()
            optimizer.step()

    return steps


def print_training() -> float:
    """Print µs a step, and return the seconds of an epoch of the paper's sweep."""
    points = np.random.default_rng(0).random((SWEEP_IMAGES, PIXELS), dtype=np.float32)
    on_gpu = torch.from_numpy(points).cuda()
    gpu_loop = partial(our_loop, operations=TorchOperations(np.float32, "cuda"))
    cpu_loop = partial(our_loop, operations=CpuOperations(np.float32))
    print("One step of training, d = 20, float32, µs.\n")
    print("| optimizer | batch | ours, one core | ours, GPU (one graph) | GPU, autograd, fused |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for optimizer in OPTIMIZERS:
        for size in BATCH_SIZES:
            arguments = (size, optimizer)
            ways = {
                "core": (partial(cpu_loop(points, *arguments), CPU_STEPS), CPU_STEPS),
                "graph": (partial(gpu_loop(points, *arguments), STEPS), STEPS),
                "autograd": (partial(autograd_loop(on_gpu, *arguments), STEPS), STEPS),
            }
            times = microseconds(ways)
            row = " | ".join(f"{value:.0f}" for value in times.values())
            print(f"| {optimizer} | {size} | {row} |", flush=True)
    print_many_models(on_gpu)
    return seconds_per_epoch(points)


def seconds_per_epoch(points: np.ndarray) -> float:
    """Return what an epoch of a whole training takes, with all that goes on around steps."""
    recipe = TrainingRecipe(EPOCHS, "adam", 1e-3, SWEEP_BATCH)
    result = train(recipe, ARCHITECTURE, points, points[:10_000], seed=0, device="cuda")
    seconds = median(record.seconds for record in result.history)
    print(f"\nA whole training, Adam, batch {SWEEP_BATCH}: {seconds:.3f} s an epoch.")
    return seconds


def print_many_models(points: torch.Tensor) -> None:
    """Print what several models in one graph would take, each with batches of its own."""
    print("\nSeveral models of d = 20 in one graph (a trial), Adam, µs a step and model.\n")
    print(f"| batch | {' | '.join(f'{models} models' for models in MODELS)} |")
    print("| ---: |" + " ---: |" * len(MODELS))
    for size in BATCH_SIZES:
        ways = {}
        for models in MODELS:
            training = ManyModels(ARCHITECTURE, models, points, size)
            ways[str(models)] = (partial(training.steps, STEPS), STEPS * models)
        row = " | ".join(f"{value:.1f}" for value in microseconds(ways).values())
        print(f"| {size} | {row} |", flush=True)


def print_spectra() -> float:
    """Print µs a point of dense layers, and return the mean over the latent dimensions."""
    threads = cores()
    pixels = np.random.default_rng(0).random((GPU_POINTS, PIXELS), dtype=np.float32)
    print("\nBoth spectra of a point, dense layers, float64, compiled eigenvalues, µs.\n")
    print(
        "| d | engine, one core | Jacobians on the GPU | engine with GPU, 1 thread | "
        f"{threads} threads | vmap on the GPU, eigvals beside it | signs that differ | "
        "traces, relative |"
    )
    print("| ---: |" + " ---: |" * 7)
    return sum(print_spectra_at(latent_dim, pixels) for latent_dim in LATENT_DIMS) / len(
        LATENT_DIMS
    )


def print_spectra_at(latent_dim: int, pixels: np.ndarray) -> float:
    """Print a row, and return the µs a point of the engine with GPU and all threads."""
    network = network_of(initialized_autoencoder(latent_dim), np.float64)
    on_gpu = dense_source(network, "float64", "cuda")
    starts = range(0, GPU_POINTS, on_gpu.block_points)
    blocks = [pixels[start : start + on_gpu.block_points] for start in starts]
    few = pixels[:CPU_POINTS]
    points = torch.from_numpy(pixels[:VMAP_POINTS]).double().cuda()
    with (
        SpectraEngine(dense_source(network, "float64", "cpu"), eigensolver="compiled") as core,
        SpectraEngine(on_gpu, eigensolver="compiled") as single,
        SpectraEngine(on_gpu, eigensolver="compiled", threads=cores()) as many,
    ):
        times = microseconds(
            {
                "core": (lambda: core.submit(few).result(), CPU_POINTS),
                "jacobians": (lambda: [*map(on_gpu.evaluate, blocks)], GPU_POINTS),
                "single": (lambda: single.submit(pixels).result(), GPU_POINTS),
                "many": (lambda: many.submit(pixels).result(), GPU_POINTS),
                "vmap": (partial(vmapped_spectra, latent_dim, points), VMAP_POINTS),
            }
        )
        expected, spectra = (engine.submit(few).result() for engine in (core, many))
    signs = sum(
        int((getattr(expected, name) != getattr(spectra, name)).sum())
        for name in ("sign_input", "sign_latent")
    )
    difference = np.abs(spectra.trace_input - expected.trace_input)
    relative = (difference / np.abs(expected.eigenvalues_input).sum(axis=1)).max()
    row = " | ".join(f"{value:.2f}" for value in times.values())
    print(f"| {latent_dim} | {row} | {signs} of {2 * CPU_POINTS:,} | {relative:.0e} |", flush=True)
    return times["many"]


def vmapped_spectra(latent_dim: int, points: torch.Tensor) -> list[torch.Tensor]:
    """Return what a careful user of torch.func would, who knows that eigvals is slow on a GPU."""
    autoencoder = initialized_autoencoder(latent_dim).double().cuda()
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    with torch.no_grad():
        latent = encoder(points)
        of_decoder = vmap(jacfwd(decoder))(latent)
        return [
            torch.linalg.eigvals((vmap(jacrev(encoder))(inputs) @ of_decoder).cpu())
            for inputs in (points, decoder(latent))
        ]


def print_general() -> None:
    """Print µs a point of networks that are no stacks of layers."""
    print(
        "\nBoth Jacobians of a point of any two maps, d = 20, float64, without eigenvalues, µs.\n"
    )
    print(
        "| network | ours, one core | ours, GPU | vmap(jacrev) · vmap(jacfwd), GPU | largest "
        "difference from the core's |"
    )
    print("| --- |" + " ---: |" * 4)
    for name, contest in {
        "dense, 784-128-64-32-20": dense(),
        "convolutional, 1 × 28 × 28": convolutional(1, 28, 8),
        "convolutional, 3 × 32 × 32": convolutional(3, 32, 16),
    }.items():
        print(f"| {name} | {' | '.join(general_cells(contest))} |", flush=True)


def general_cells(contest: Contest) -> Iterator[str]:
    """Yield what stands in the cells of a network's row."""
    shape = tuple(contest.points.shape[1:])
    core = contest.source
    few = contest.points[: core.block_points].numpy()
    expected = core.evaluate(few).input.matrices
    in_core = microseconds({"core": (contest.ours, len(contest.points))})
    contest.encoder.cuda()
    contest.decoder.cuda()
    points = torch.rand(GENERAL_POINTS, *shape, dtype=torch.float64)
    blocks = points.cuda().split(256)
    source = GeneralSource(
        contest.encoder, contest.decoder, shape, (ARCHITECTURE.latent_dim,), device="cuda"
    )
    times = in_core | microseconds(
        {
            "ours": (lambda: contest.work_off(source, points), GENERAL_POINTS),
            "everybody's": (lambda: [*map(contest.everybodys, blocks)], GENERAL_POINTS),
        }
    )
    for value in times.values():
        yield f"{value:,.1f}"
    found = source.evaluate(few).input.matrices
    size = np.linalg.norm(expected, axis=(1, 2), keepdims=True)
    yield f"{(np.abs(found - expected) / size).max():.0e}"


def main() -> None:
    """Print the tables, or that there is no GPU."""
    without_chosen_kernels()
    if not torch.cuda.is_available():
        print("torch finds no GPU here: **not measured**.")
        return
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{torch.cuda.get_device_name()}, beside {processor()}, {cores()} cores;")
    print(f"Python {sys.version.split()[0]}, torch {torch.__version__}, numpy {np.__version__},")
    print(f"numba {version('numba')}.")
    print(f"{kernels_in_use()}.\n")
    with threadpool_limits(1):
        epoch = print_training()
        point = print_spectra()
        print_general()
    print(
        f"\nThe paper's sweep, estimated from these: {SWEEP_EPOCHS:,} epochs of training "
        f"{SWEEP_EPOCHS * epoch / 60:.0f} minutes, one after the other; {SWEEP_POINTS:,} points "
        f"{SWEEP_POINTS * point / 6e7:.0f} minutes."
    )


if __name__ == "__main__":
    main()
