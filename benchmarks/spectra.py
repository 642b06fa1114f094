"""How long a point's two spectra take: ours, the obvious ways, and what the processor allows.

Usage: python benchmarks/spectra.py > table.md

The contestants take turns in one process, on one thread but for the column of two. CPU time is
counted, wall time for two threads; numbers are medians, ratios medians over the rounds. dgemm and
LAPACK are the faster of NumPy's and torch's in each round: we use NumPy's, but the processor allows
what either reaches. Weights are those of results/models, or trained here for a few seconds; the
points are MNIST's, or random pixels where resources/mnist is missing. The peak memory is that of
jobs of two sizes, each a process.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from kernels import kernels_in_use, without_chosen_kernels
from targets import Target, print_targets
from threadpoolctl import threadpool_limits
from torch.func import jacfwd, jacrev, vmap

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from jacspec.data.mnist import pixels_of_images, read_mnist  # noqa: E402
from jacspec.data.storage import PointBlock, write_points  # noqa: E402
from jacspec.errors import JacspecError  # noqa: E402
from jacspec.key import ModelKey  # noqa: E402
from jacspec.layout import WEIGHTS  # noqa: E402
from jacspec.models.architecture import Architecture  # noqa: E402
from jacspec.models.autoencoder import (  # noqa: E402
    Autoencoder,
    autoencoder_of,
    initialized_autoencoder,
)
from jacspec.models.network import Network, network_of  # noqa: E402
from jacspec.models.recipe import TrainingRecipe  # noqa: E402
from jacspec.models.training import train  # noqa: E402
from jacspec.models.weights import load_autoencoder, save_weights  # noqa: E402
from jacspec.spectra.computation import compute_shard  # noqa: E402
from jacspec.spectra.dense import DenseSource  # noqa: E402
from jacspec.spectra.engine import SpectraEngine  # noqa: E402
from jacspec.spectra.jacobians import JacobianChain  # noqa: E402

PIXELS = 784
LATENT_DIMS = (2, 8, 14, 20)
ROUNDS = 3
DGEMM_SIZE = 1024
JOB_POINTS = 20_000
# As in the paper's sweep.
EIGENSOLVER = "compiled"
ENGINE_POINTS = 5000
THREADED_POINTS = 10_000
VMAP_POINTS = 100
JOB = {
    "precision": "float64",
    "eigensolver": EIGENSOLVER,
    "device": "cpu",
    "threads": 1,
    "chunk_size": 2000,
    "code_digest": "",
}
RECIPE = TrainingRecipe(epochs=2, optimizer="adam", learning_rate=1e-3, batch_size=32)
TRAINING_POINTS = 20_000
MEMORY_POINTS = (70_000, 700_000)
MEMORY_LATENT_DIM = 8
FIRST_JACOBIAN_TARGET = 8

Work = Callable[[], object]


def mnist_pixels() -> tuple[np.ndarray, str]:
    """Return points (n, 784) float32, and what they are."""
    folder = ROOT / "resources" / "mnist"
    try:
        return pixels_of_images(read_mnist(folder).images), "MNIST's images"
    except JacspecError as error:
        print(f"NO MNIST, RANDOM PIXELS ARE USED IN ITS PLACE: {error}", file=sys.stderr)
    generator = np.random.default_rng(0)
    # As in MNIST, 19 % of the pixels are not black.
    pixels = generator.random((TRAINING_POINTS, PIXELS), dtype=np.float32)
    pixels *= generator.random((TRAINING_POINTS, PIXELS), dtype=np.float32) < 0.19
    return pixels, "**random pixels** (there is no MNIST in resources/mnist)"


def trained_autoencoder(latent_dim: int, pixels: np.ndarray) -> tuple[Autoencoder, str]:
    """Return a trained autoencoder, and where it is from."""
    path = ROOT / ModelKey("paper", latent_dim, 0).path(WEIGHTS)
    if path.exists():
        return load_autoencoder(path), "those of results/models"
    print(f"{path} is missing: training for {RECIPE.epochs} short epochs", file=sys.stderr)
    points = pixels[:TRAINING_POINTS]
    architecture = Architecture(latent_dim)
    trained = train(RECIPE, architecture, points, points[:1000], seed=0)
    autoencoder = autoencoder_of(architecture, trained.parameters)
    return autoencoder, f"**{RECIPE.epochs} epochs on {TRAINING_POINTS:,} points**"


def useful_flops(network: Network) -> int:
    """Return the additions and multiplications of the matrix products that one point needs.

    The point goes through the encoder twice and through the decoder once; its d tangents through
    the decoder (behind the first layer, whose weights they are) and the encoder's first layer once,
    and through the encoder's other layers twice.
    """
    encoder = [layer.weight.size for layer in network.encoder]
    decoder = [layer.weight.size for layer in network.decoder]
    forward = 2 * sum(encoder) + sum(decoder)
    tangents = sum(decoder[1:]) + encoder[0] + 2 * sum(encoder[1:])
    return 2 * (forward + network.latent_dim * tangents)


def vmapped_spectra(autoencoder: Autoencoder, points: torch.Tensor) -> Work:
    """Return the computation that a careful user of torch.func would write."""
    encoder, decoder = autoencoder.encoder, autoencoder.decoder

    def work() -> object:
        with torch.no_grad():
            latent = encoder(points)
            of_decoder = vmap(jacfwd(decoder))(latent)
            return [
                torch.linalg.eigvals(vmap(jacrev(encoder))(inputs) @ of_decoder)
                for inputs in (points, decoder(latent))
            ]

    return work


def full_spectrum(autoencoder: Autoencoder, point: torch.Tensor) -> Work:
    """Return the computation of all 784 eigenvalues at one point, and of the latent Jacobian's."""
    encoder, decoder = autoencoder.encoder, autoencoder.decoder

    def work() -> object:
        with torch.no_grad():
            full = torch.linalg.eigvals(jacrev(autoencoder)(point))
            latent = jacrev(lambda z: encoder(decoder(z)))(encoder(point))
            return full, torch.linalg.eigvals(latent)

    return work


def contestants(
    autoencoder: Autoencoder,
    pixels: np.ndarray,
    source: DenseSource,
    engine: SpectraEngine,
    folder: Path,
) -> dict[str, tuple[Work, int]]:
    """Return what is timed, with the number of points that one call computes."""
    size = source.block_points
    chain = JacobianChain(network_of(autoencoder, np.float64), size)
    starts = range(0, ENGINE_POINTS, size)
    blocks = [pixels[:ENGINE_POINTS][start : start + size] for start in starts]
    of_blocks = [chain(block.astype(np.float64)) for block in blocks]
    arrays = [matrices for block in of_blocks for matrices in (block.input, block.latent)]
    tensors = [torch.from_numpy(matrices) for matrices in arrays]
    double = Autoencoder(autoencoder.architecture).double()
    double.load_state_dict(autoencoder.state_dict())
    points = torch.from_numpy(pixels[:VMAP_POINTS]).double()
    array = np.random.default_rng(0).random((DGEMM_SIZE, DGEMM_SIZE))
    tensor = torch.from_numpy(array)
    array_product, tensor_product = np.empty_like(array), torch.empty_like(tensor)
    save_weights(folder / "weights.pt", autoencoder)
    job = (folder / "weights.pt", folder / "points.h5", folder / "shard.h5")
    key = ModelKey("paper", source.latent_dim, 0)
    return {
        "dgemm of numpy": (lambda: np.matmul(array, array, out=array_product), 1),
        "dgemm of torch": (lambda: torch.mm(tensor, tensor, out=tensor_product), 1),
        "jacobians": (
            lambda: [chain(block.astype(np.float64)) for block in blocks],
            ENGINE_POINTS,
        ),
        "lapack of numpy": (lambda: [*map(np.linalg.eigvals, arrays)], ENGINE_POINTS),
        "lapack of torch": (lambda: [*map(torch.linalg.eigvals, tensors)], ENGINE_POINTS),
        "engine": (lambda: engine.submit(pixels[:ENGINE_POINTS]).result(), ENGINE_POINTS),
        "job": (lambda: compute_shard(*job, key=key, **JOB), JOB_POINTS),
        "vmap": (vmapped_spectra(double, points), VMAP_POINTS),
        "full": (full_spectrum(double, points[0]), 1),
    }


def cpu_seconds(work: Work) -> float:
    """Return the CPU time of one call, of all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_seconds(work: Work) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Measured:
    """Medians for one latent dimension: µs a point, and ratios.

    `limit` is what the useful multiplications take at dgemm's rate; `share_of_dgemm` compares the
    Jacobians with it, `job_ratio` the whole job with it and LAPACK. The last three are how many
    times as long others take: vmap and the full matrix as our engine, one thread as two.
    """

    latent_dim: int
    megaflops: float
    limit: float
    jacobians: float
    lapack: float
    engine: float
    job: float
    share_of_dgemm: float
    job_ratio: float
    vmap_ratio: float
    full_ratio: float
    two_threads: float

    def row(self) -> str:
        """Return a row of the table."""
        cells = [
            f"{self.latent_dim}",
            f"{self.megaflops:.1f}",
            f"{self.megaflops / self.limit * 1e3:.0f}",
            f"{self.limit:.0f}",
            f"{self.jacobians:.0f}",
            f"{self.share_of_dgemm:.0%}",
            f"{self.lapack:.1f}",
            f"{self.engine:.0f}",
            f"{self.job:.0f}",
            f"{self.job_ratio:.2f}",
            f"{self.vmap_ratio:.1f}",
            f"{self.full_ratio:,.0f}",
            f"{self.two_threads:.2f}",
        ]
        return f"| {' | '.join(cells)} |"

    def targets(self) -> list[Target]:
        """Return what is to be reached at this latent dimension."""
        at = f"d = {self.latent_dim}: "
        targets = [
            Target(at + "whole job / (flops + LAPACK)", self.job_ratio, "≤", 1.25),
            Target(at + "vmap / ours", self.vmap_ratio, "≥", 2, ".1f"),
            Target(at + "full 784 × 784 / ours", self.full_ratio, "≥", 500, ",.0f"),
            Target(at + "one thread / two", self.two_threads, "≥", 1.8),
        ]
        if self.latent_dim >= FIRST_JACOBIAN_TARGET:
            share = Target(at + "Jacobians' share of dgemm", self.share_of_dgemm, "≥", 0.75, ".0%")
            targets.insert(0, share)
        return targets


HEADING = (
    "| d | MFLOP | dgemm GFLOP/s | flops at that rate | Jacobians | share of dgemm's rate | "
    "LAPACK | engine | whole job | × (flops + LAPACK) | vmap, × ours | full 784 × 784, × ours | "
    "2 threads, × 1 |\n" + "| ---: " * 13 + "|"
)


def measure(
    latent_dim: int, autoencoder: Autoencoder, pixels: np.ndarray, folder: Path
) -> Measured:
    """Time everything for one latent dimension."""
    speedups = []
    source = DenseSource(network_of(autoencoder, np.float64))
    with (
        SpectraEngine(source, eigensolver=EIGENSOLVER) as engine,
        SpectraEngine(source, eigensolver=EIGENSOLVER, threads=2) as faster,
    ):
        works = contestants(autoencoder, pixels, source, engine, folder)
        on_threads = [
            lambda engine=engine: engine.submit(pixels[:THREADED_POINTS]).result()
            for engine in (engine, faster)
        ]
        for work in [*(work for work, _ in works.values()), *on_threads]:
            work()
        times = {name: np.zeros(ROUNDS) for name in works}
        for turn in range(ROUNDS):
            for name, (work, points) in works.items():
                times[name][turn] = cpu_seconds(work) / points * 1e6
            one, two = map(wall_seconds, on_threads)
            speedups.append(one / two)
    dgemm, lapack = (
        np.minimum(times[f"{what} of numpy"], times[f"{what} of torch"])
        for what in ("dgemm", "lapack")
    )
    flops = useful_flops(network_of(autoencoder, np.float64))
    limit = dgemm * flops / (2 * DGEMM_SIZE**3)
    return Measured(
        latent_dim=latent_dim,
        megaflops=flops / 1e6,
        limit=median(limit),
        jacobians=median(times["jacobians"]),
        lapack=median(lapack),
        engine=median(times["engine"]),
        job=median(times["job"]),
        share_of_dgemm=median(limit / times["jacobians"]),
        job_ratio=median(times["job"] / (limit + lapack)),
        vmap_ratio=median(times["vmap"] / times["engine"]),
        full_ratio=median(times["full"] / times["engine"]),
        two_threads=median(speedups),
    )


def print_times() -> list[Target]:
    """Print the table of times and return what was to be reached."""
    pixels, description = mnist_pixels()
    results, origins = [], set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_points(
            folder / "points.h5",
            [PointBlock(pixels[:JOB_POINTS])],
            dataset="mnist",
            first=0,
            count=JOB_POINTS,
            attributes={},
            compressed=True,
        )
        for latent_dim in LATENT_DIMS:
            autoencoder, origin = trained_autoencoder(latent_dim, pixels)
            results.append(measure(latent_dim, autoencoder, pixels, folder))
            origins.add(origin)
    print(
        f"Both spectra of one point in float64, µs of one core; {description}; weights: "
        f"{', '.join(sorted(origins))}; a job of {JOB_POINTS:,} points; dgemm and LAPACK are the "
        "faster of NumPy's and torch's.\n"
    )
    print(HEADING)
    for result in results:
        print(result.row())
    return [target for result in results for target in result.targets()]


def random_blocks(count: int) -> Iterator[PointBlock]:
    """Yield `count` random points, 1000 at a time."""
    generator = np.random.default_rng(0)
    for _ in range(count // 1000):
        yield PointBlock(generator.random((1000, PIXELS), dtype=np.float32))


def job_megabytes(count: int) -> float:
    """Return the peak memory of a job of `count` points, in a process of its own (Linux)."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'workflow' / 'scripts')!r})\n"
        "from jacspec.key import ModelKey\n"
        "from jacspec.spectra.computation import compute_shard\n"
        f"key = ModelKey('paper', {MEMORY_LATENT_DIM}, 0)\n"
        f"compute_shard('weights.pt', 'points.h5', 'shard.h5', key=key, **{JOB!r})\n"
        "print(next(l.split()[1] for l in open('/proc/self/status') if 'VmHWM' in l))"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_points(
            folder / "points.h5",
            random_blocks(count),
            dataset="uniform",
            first=0,
            count=count,
            attributes={},
            compressed=False,
        )
        save_weights(folder / "weights.pt", initialized_autoencoder(MEMORY_LATENT_DIM))
        finished = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, check=True, capture_output=True
        )
    return int(finished.stdout) / 1024


def print_memory() -> list[Target]:
    """Print the table of peak memory and return what was to be reached."""
    print(f"\n| points, d = {MEMORY_LATENT_DIM} | peak memory of the job, MB |\n| ---: | ---: |")
    targets = []
    for count in MEMORY_POINTS:
        megabytes = job_megabytes(count)
        print(f"| {count:,} | {megabytes:.0f} |")
        targets.append(Target(f"peak memory, {count:,} points, MB", megabytes, "≤", 600, ".0f"))
    return targets


if __name__ == "__main__":
    without_chosen_kernels()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print(f"{kernels_in_use()}.\n")
        print_targets([*print_times(), *print_memory()])
