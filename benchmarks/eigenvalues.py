"""Eigenvalues of many small real matrices: the compiled solver against LAPACK.

Usage: python benchmarks/eigenvalues.py > table.md

They take turns in one process on one thread; CPU time is counted, numbers are medians, ratios
medians over the rounds. LAPACK is NumPy's, as jobs call it, and is what ratio, error, break-even
and saving are about; torch's is timed beside it. Matrices are both Jacobians of the autoencoders in
results/models at images of MNIST where there are any, and elsewhere Gaussian. Backward errors are
the largest smallest singular value of A - lambda I over all eigenvalues lambda, in units of
d eps |A|. The break-even is the number of points, with two matrices each, whose gain makes up for
the CPU time of the start of the solver in a process of its own, with the machine code in numba's
cache.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from kernels import kernels_in_use, without_chosen_kernels
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from jacspec.data.mnist import pixels_of_images, read_mnist  # noqa: E402
from jacspec.eigensolver.compiled import eigenvalues_in_lanes  # noqa: E402
from jacspec.errors import JacspecError  # noqa: E402
from jacspec.key import ModelKey  # noqa: E402
from jacspec.layout import WEIGHTS  # noqa: E402
from jacspec.models.network import load_network, network_of  # noqa: E402
from jacspec.spectra.eigenvalues import eigenvalues_by_lapack  # noqa: E402
from jacspec.spectra.jacobians import JacobianChain  # noqa: E402

LATENT_DIMS = range(2, 21)
POINTS = 1024
BLOCK_POINTS = 256
ROUNDS = 5
ERROR_MATRICES = 50
JOB_POINTS = 70_000
STARTS = 3
# What a job has imported before is not counted.
START_PROGRAM = """
import json, time
import numpy
from jacspec.spectra import computation
from jacspec.spectra.eigenvalues import solver_of
begin = time.perf_counter(), time.process_time()
solver_of("compiled", 20)(numpy.zeros((1, 20, 20)))
print(json.dumps([time.perf_counter() - begin[0], time.process_time() - begin[1]]))
"""

Solver = Callable[[np.ndarray], np.ndarray]


def lapack_of_torch(matrices: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of `matrices` (n, d, d) by the LAPACK that torch brings."""
    return torch.linalg.eigvals(torch.from_numpy(matrices)).numpy()


def compiled(matrices: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of `matrices` (n, d, d) by the compiled solver."""
    return eigenvalues_in_lanes(matrices)[0]


def mnist_points() -> np.ndarray | None:
    """Return images of MNIST (n, 784) float64, or None without resources/mnist."""
    try:
        images = read_mnist(ROOT / "resources" / "mnist").images[:POINTS]
    except JacspecError as error:
        print(f"NO MNIST, ALL MATRICES ARE GAUSSIAN: {error}", file=sys.stderr)
        return None
    return pixels_of_images(images).astype(np.float64)


def matrices_of(latent_dim: int, points: np.ndarray | None) -> tuple[np.ndarray, str]:
    """Return matrices (n, d, d), and what they are."""
    path = ROOT / ModelKey("paper", latent_dim, 0).path(WEIGHTS)
    if points is None or not path.exists():
        generator = np.random.default_rng(latent_dim)
        shape = (2 * POINTS, latent_dim, latent_dim)
        return generator.standard_normal(shape) / np.sqrt(latent_dim), "Gaussian"
    chain = JacobianChain(network_of(load_network(path), np.float64), BLOCK_POINTS)
    starts = range(0, len(points), BLOCK_POINTS)
    parts = [chain(points[start : start + BLOCK_POINTS]) for start in starts]
    jacobians = [matrices for part in parts for matrices in (part.input, part.latent)]
    return np.ascontiguousarray(np.concatenate(jacobians)), "Jacobians"


def backward_error(solver: Solver, matrices: np.ndarray) -> float:
    """Return the largest sigma_min(A - lambda I) / |A|, in units of d eps."""
    matrices = matrices[np.linalg.norm(matrices, axis=(1, 2)) > 0]
    d = matrices.shape[1]
    shifted = matrices[:, None] - solver(matrices)[:, :, None, None] * np.eye(d)
    distances = np.linalg.svd(shifted, compute_uv=False)[..., -1].max(axis=1)
    norms = np.linalg.norm(matrices, 2, axis=(1, 2))
    return float((distances / norms).max() / (d * np.finfo(float).eps))


def cpu_times(solvers: list[Solver], matrices: np.ndarray) -> np.ndarray:
    """Return seconds a matrix (rounds, solvers)."""
    times = np.empty((ROUNDS + 1, len(solvers)))
    for of_round in times:
        for number, solver in enumerate(solvers):
            begin = time.process_time()
            solver(matrices)
            of_round[number] = (time.process_time() - begin) / len(matrices)
    # The first round warms up.
    return times[1:]


def start_seconds() -> tuple[float, float]:
    """Return wall and CPU time of the solver's start in a process of its own, medians."""
    command = [sys.executable, "-c", START_PROGRAM]
    # This process has imported the solver, so that its machine code is in the cache.
    runs = [
        json.loads(subprocess.run(command, cwd=SCRIPTS, check=True, capture_output=True).stdout)
        for _ in range(STARTS)
    ]
    wall, cpu = np.median(runs, axis=0)
    return float(wall), float(cpu)


def row(latent_dim: int, points: np.ndarray | None, start: float) -> str:
    """Return a row of the table."""
    matrices, description = matrices_of(latent_dim, points)
    times = cpu_times([eigenvalues_by_lapack, compiled, lapack_of_torch], matrices)
    by_lapack, by_compiled, by_torch = np.median(times, axis=0)
    gain = 2 * (by_lapack - by_compiled)
    some = matrices[:: len(matrices) // ERROR_MATRICES]
    left = np.count_nonzero(~eigenvalues_in_lanes(matrices)[1])
    cells = [
        f"{latent_dim}",
        description,
        f"{1e6 * by_lapack:.2f}",
        f"{1e6 * by_torch:.2f}",
        f"{1e6 * by_compiled:.2f}",
        f"{median(times[:, 0] / times[:, 1]):.2f}",
        f"{backward_error(eigenvalues_by_lapack, some):.2f}",
        f"{backward_error(compiled, some):.2f}",
        f"{left} of {len(matrices)}",
        f"{start / gain:,.0f}",
        f"{JOB_POINTS * gain - start:+.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    without_chosen_kernels()
    torch.set_num_threads(1)
    wall, cpu = start_seconds()
    print(f"{kernels_in_use()}.\n")
    print(f"The compiled solver takes {wall:.2f} s to start ({cpu:.2f} s of CPU time).\n")
    print(
        "| d | matrices | LAPACK, µs | torch's LAPACK, µs | compiled, µs | LAPACK / compiled | "
        "error of LAPACK | of compiled | left to LAPACK | break-even, points | "
        f"saved in {JOB_POINTS:,} points, s |"
    )
    print("| ---: | --- " + "| ---: " * 9 + "|")
    points = mnist_points()
    for latent_dim in LATENT_DIMS:
        print(row(latent_dim, points, cpu), flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
