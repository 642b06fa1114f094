"""How long the Jacobians of any two maps take: ours, what everybody writes, and other ways.

Usage: python benchmarks/general.py > table.md

The contestants take turns in one process, on one thread. CPU time is counted; numbers are medians,
ratios medians over the rounds. Both reduced Jacobians are computed at random points, without their
eigenvalues, by networks with random weights and 20 latent values. Each way has the number of points
at once that suits it best among a few, but for "all at once", which takes 100 as one would who does
not know of caches.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from kernels import kernels_in_use, without_chosen_kernels
from targets import Target, print_targets
from torch import Tensor, nn
from torch.func import jacfwd, jacrev, jvp, vmap

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.dense import DenseSource
from jacspec.spectra.determinants import UNIT_ROUNDOFF
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.general import NEAR_SINGULAR_ROUNDINGS, GeneralSource

LATENT_DIM = 20
POINTS = 100
BLOCKS = (10, 25, 50)
ROUNDS = 5

Work = Callable[[], object]


class Contest:
    """Ways to find both Jacobians of one autoencoder at `POINTS` random points."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, shape: tuple[int, ...]) -> None:
        self.encoder = encoder.double().requires_grad_(False)
        self.decoder = decoder.double().requires_grad_(False)
        self.points = torch.rand(POINTS, *shape, dtype=torch.float64)
        self.source = GeneralSource(self.encoder, self.decoder, shape, (LATENT_DIM,))

    def ours(self) -> None:
        """Evaluate all points by the general engine."""
        self.work_off(self.source, self.points)

    def work_off(self, source: GeneralSource | DenseSource, points: Tensor) -> None:
        """Evaluate all points, block by block."""
        for block in points.split(source.block_points):
            source.evaluate(block.numpy())

    def everybodys(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return both by jacobians of single points, mapped over all of them."""
        z = self.encoder(points)
        columns = vmap(jacfwd(lambda point: self.decoder(point[None])[0]))(z).flatten(1, -2)
        rows_of_each = vmap(jacrev(lambda point: self.encoder(point[None])[0]))
        x_rows, y_rows = (rows_of_each(values).flatten(2) for values in (points, self.decoder(z)))
        return x_rows @ columns, y_rows @ columns

    def forward_only(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return both by pushing unit tangents on through the decoder and twice the encoder."""
        z = self.encoder(points)
        y = self.decoder(z)

        def pushed(unit: Tensor) -> tuple[Tensor, Tensor]:
            column = jvp(self.decoder, (z,), (unit,))[1]
            return tuple(jvp(self.encoder, (values,), (column,))[1] for values in (points, y))

        units = torch.eye(LATENT_DIM, dtype=points.dtype)[:, None].expand(-1, len(points), -1)
        return vmap(pushed)(units)

    def in_blocks(self, way: Callable[[Tensor], object]) -> Work:
        """Return `way` for all points, in blocks of the size that suits it best."""

        def work(size: int) -> None:
            for block in self.points.split(size):
                way(block)

        best = min(BLOCKS, key=lambda size: seconds(lambda: work(size)))
        return lambda: work(best)


def seconds(work: Work) -> float:
    """Return the CPU time that `work` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def dense() -> Contest:
    """Return the paper's widths."""
    autoencoder = initialized_autoencoder(LATENT_DIM)
    return Contest(autoencoder.encoder, autoencoder.decoder, (784,))


def convolutional(channels: int, width: int, filters: int) -> Contest:
    """Return strided convolutions there and transposed ones back, around a Linear."""
    small = width // 4
    values = 2 * filters * small**2
    return Contest(
        nn.Sequential(
            nn.Conv2d(channels, filters, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(filters, 2 * filters, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(values, LATENT_DIM),
        ),
        nn.Sequential(
            nn.Linear(LATENT_DIM, values),
            nn.ReLU(),
            nn.Unflatten(1, (2 * filters, small, small)),
            nn.ConvTranspose2d(2 * filters, filters, 3, 2, 1, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(filters, channels, 3, 2, 1, 1),
            nn.Sigmoid(),
        ),
        (channels, width, width),
    )


def measured(ways: dict[str, Work]) -> dict[str, list[float]]:
    """Return the microseconds a point of each way in each round."""
    for work in ways.values():
        work()
    rounds = [{name: seconds(work) for name, work in ways.items()} for _ in range(ROUNDS)]
    return {name: [1e6 * times[name] / POINTS for times in rounds] for name in ways}


def ratio(times: dict[str, list[float]], name: str, to: str) -> float:
    """Return the median, over the rounds, of one way's time by another's."""
    return median(a / b for a, b in zip(times[name], times[to], strict=True))


def single_precision(contest: Contest) -> tuple[Work, float]:
    """Return the work in float32, and its error relative to the norms of both factors."""
    encoder, decoder = contest.encoder.float(), contest.decoder.float()
    shape = tuple(contest.points.shape[1:])
    source = GeneralSource(encoder, decoder, shape, (LATENT_DIM,), precision="float32")
    few = contest.points[: source.block_points]
    single = source.evaluate(few.numpy()).input.matrices
    encoder.double(), decoder.double()
    double = contest.source.evaluate(few[: contest.source.block_points].numpy()).input
    scale = double.error / (NEAR_SINGULAR_ROUNDINGS * UNIT_ROUNDOFF)
    difference = np.linalg.norm(single[: len(scale)] - double.matrices, axis=(1, 2))

    def work() -> None:
        encoder.float(), decoder.float()
        contest.work_off(source, contest.points)
        encoder.double(), decoder.double()

    return work, float((difference / scale).max())


def main() -> None:
    """Print the tables."""
    without_chosen_kernels()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{kernels_in_use()}.\n")
    contests = {
        "dense, 784-128-64-32-20": dense(),
        "convolutional, 1 × 28 × 28": convolutional(1, 28, 8),
        "convolutional, 3 × 32 × 32": convolutional(3, 32, 16),
    }
    print(
        f"Microseconds a point, {LATENT_DIM} latent values, float64 but for the column float32.\n"
    )
    print(
        "| network | ours | points at once | float32 | its error | vmap(jacrev) · vmap(jacfwd), "
        "all at once | in its best blocks | forward mode only | dense engine |"
    )
    print("| --- |" + " ---: |" * 8)
    targets = []
    for name, contest in contests.items():
        single, error = single_precision(contest)
        ways = {
            "ours": contest.ours,
            "single": single,
            "all at once": lambda contest=contest: contest.everybodys(contest.points),
            "in blocks": contest.in_blocks(contest.everybodys),
            "forward": contest.in_blocks(contest.forward_only),
        }
        if name.startswith("dense"):
            autoencoder = initialized_autoencoder(LATENT_DIM)
            source = DenseSource(network_of(autoencoder, np.float64))
            ways["dense engine"] = lambda contest=contest, source=source: contest.work_off(
                source, contest.points
            )
        # It keeps freed memory and has linear algebra on one thread, for all of them.
        with SpectraEngine(contest.source):
            times = measured(ways)
        middle = {way: f"{median(values):,.0f}" for way, values in times.items()}
        print(
            f"| {name} | {middle['ours']} | {contest.source.block_points} | {middle['single']} | "
            f"{error:.0e} | {middle['all at once']} | {middle['in blocks']} | "
            f"{middle['forward']} | {middle.get('dense engine', '–')} |",
            flush=True,
        )
        gain = ratio(times, "all at once", "ours")
        if name.startswith("dense"):
            targets.append(Target(f"{name}: as fast as all at once", gain, "≥", 1.0))
            slower = ratio(times, "ours", "dense engine")
            targets.append(Target(f"{name}: times the dense engine's", slower, "≤", 2.3))
        else:
            targets.append(Target(f"{name}: faster than all at once", gain, "≥", 1.25))
            in_blocks = ratio(times, "in blocks", "ours")
            targets.append(Target(f"{name}: faster than in its best blocks", in_blocks, "≥", 1.0))
    print_targets(targets)


if __name__ == "__main__":
    main()
