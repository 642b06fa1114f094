"""Spectra of many points: blocks of points, processed by a pool of threads.

A block is the unit of everything: its Jacobians are a few matrix multiplications and its
eigenvalues one call of a solver, both on one thread with memory of its own. The interpreter is
free meanwhile, so that the threads of the pool run side by side, which neither a batch of LAPACK
calls nor matrices this small do by themselves. The blocks are the same for any number of
threads, and so are the results, to the bit.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import threadpool_limits

from jacspec.models.activations import Array
from jacspec.models.network import Network, network_of
from jacspec.spectra.dense import dense_source
from jacspec.spectra.determinants import determinants
from jacspec.spectra.eigenvalues import ordered_eigenvalues, solver_of
from jacspec.spectra.jacobians import points_of_block
from jacspec.spectra.protocols import EvaluatedPoints, JacobianSource
from jacspec.spectra.quantities import JacobianSpectra

if TYPE_CHECKING:
    from torch import nn

# What evaluates by itself runs ahead of the pool by this many parts of blocks at most, which wait
# in main memory.
PARTS_AHEAD = 512


def jacobian_spectra(
    autoencoder: "nn.Module | Network",
    points: Array,
    *,
    precision: str = "float64",
    eigensolver: str = "lapack",
    device: str = "cpu",
    threads: int = 1,
) -> JacobianSpectra:
    """Return the spectra of both Jacobians of `autoencoder` at each of n points.

    Parameters
    ----------
    autoencoder
        What `load_network` or `load_autoencoder` returns, or another module with attributes
        `encoder` and `decoder` like its own (see `jacspec.models.network.network_of`). It is not
        changed.
    points
        (n, pixels), real numbers in floating point.
    precision
        ``"float64"``, or ``"float32"`` for the Jacobians; what follows them is always float64.
    eigensolver
        ``"lapack"``, or ``"compiled"``, which takes a second to start and pays with many points
        (see `jacspec.spectra.eigenvalues.solver_of`).
    device
        ``"cpu"`` or ``"cuda"``, where the Jacobians are computed; eigenvalues are, on the CPU.
    threads
        Threads on the CPU. The result does not depend on their number.

    Raises
    ------
    ValueError
        If an argument is none of these, or a point or a weight is not a finite number.
    """
    if not isinstance(points, np.ndarray):
        points = points.detach().cpu().numpy()
    network = network_of(autoencoder, np.float64)
    source = dense_source(network, precision, device)
    with SpectraEngine(source, eigensolver=eigensolver, threads=threads) as engine:
        return engine.submit(points).result()


class PendingSpectra:
    """Spectra that are being computed."""

    def __init__(self, spectra: JacobianSpectra, blocks: Sequence[Future]) -> None:
        self._spectra = spectra
        self._blocks = blocks

    def result(self) -> JacobianSpectra:
        """Wait for the spectra and return them; raises what went wrong with any block."""
        for block in self._blocks:
            block.result()
        return self._spectra


class SpectraEngine:
    """Computes spectra from the Jacobians of a `source`, on `threads` threads.

    A context manager, which at its end drops work that has not begun. The results for points that
    are submitted in multiples of `source.block_points`, but for the last ones, do not depend on how
    they are divided. Raises ValueError for an `eigensolver` that
    `jacspec.spectra.eigenvalues.solver_of` does not know, and for less than one thread.
    """

    def __init__(
        self, source: JacobianSource, *, eigensolver: str = "lapack", threads: int = 1
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}, allowed: 1 or more")
        self._source = source
        self._solve = solver_of(eigensolver, source.latent_dim)
        _keep_freed_memory()
        # The threads of the pool are all there are: those that a library adds would be in their
        # way, and the last bits of sums depend on their number.
        self._one_thread_a_call = threadpool_limits(1, user_api="blas")
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._one_thread_a_call.restore_original_limits()

    def submit(self, points: np.ndarray) -> PendingSpectra:
        """Begin to compute the spectra at `points` (n, *source.point_shape).

        Raises ValueError if they have another shape or are not in floating point.
        """
        shape = self._source.point_shape
        if points.shape[1:] != shape or points.ndim == 0:
            allowed = ", ".join(map(str, ("n", *shape)))
            raise ValueError(f"points have shape {points.shape}, allowed: ({allowed})")
        if not np.issubdtype(points.dtype, np.floating):
            raise ValueError(f"points are {points.dtype}, allowed: pixels in floating point")
        spectra = JacobianSpectra.empty(len(points), self._source.latent_dim)
        begin = self._begin_in_pool if self._source.side_by_side else self._begin_ahead_of_pool
        return PendingSpectra(spectra, begin(points, spectra))

    def _begin_in_pool(self, points: np.ndarray, spectra: JacobianSpectra) -> list[Future]:
        size = self._source.block_points

        def work(start: int) -> None:
            self._finish(self._evaluated(points[start : start + size]), spectra, start)

        return [self._pool.submit(work, start) for start in range(0, len(points), size)]

    def _begin_ahead_of_pool(self, points: np.ndarray, spectra: JacobianSpectra) -> list[Future]:
        """Evaluate here and now, while the pool does what remains of earlier blocks."""
        futures: list[Future] = []
        size, part_size = self._source.block_points, points_of_block(self._source.latent_dim)
        for first in range(0, len(points), size):
            evaluated = self._evaluated(points[first : first + size])
            for start in range(0, len(evaluated), part_size):
                part = evaluated.part(start, start + part_size)
                futures.append(self._pool.submit(self._finish, part, spectra, first + start))
            if len(futures) > PARTS_AHEAD:
                futures[-PARTS_AHEAD].result()
        return futures

    def _evaluated(self, points: np.ndarray) -> EvaluatedPoints:
        # What is not finite is refused in words.
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self._source.evaluate(points)

    def _finish(self, evaluated: EvaluatedPoints, spectra: JacobianSpectra, start: int) -> None:
        """Write what follows from a block into `spectra`, from row `start` on."""
        rows = slice(start, start + len(evaluated))
        matrices = {"input": evaluated.input, "latent": evaluated.latent}
        finite = [
            evaluated.reconstruction_error,
            *(values for block in matrices.values() for values in (block.matrices, block.error)),
        ]
        if not all(np.isfinite(values).all() for values in finite):
            raise ValueError(
                f"among points {rows.start} to {rows.stop - 1} are pixels that are not finite "
                "numbers, or too large to compute with"
            )
        spectra.latent[rows] = evaluated.latent_points
        spectra.reconstruction_error[rows] = evaluated.reconstruction_error
        spectra.same_pattern[rows] = evaluated.same_pattern
        for name, block in matrices.items():
            sign, logabsdet = determinants(
                block.matrices, block.rank_bound, block.error, block.finer_error
            )
            columns = {
                "eigenvalues": ordered_eigenvalues(block.matrices, block.rank_bound, self._solve),
                "logabsdet": logabsdet,
                "sign": sign,
                "trace": np.trace(block.matrices, axis1=-2, axis2=-1),
                "rank_bound": block.rank_bound,
            }
            for quantity, values in columns.items():
                getattr(spectra, f"{quantity}_{name}")[rows] = values


def _keep_freed_memory() -> None:
    """Have the C library keep up to 62 MiB of freed memory a thread for the next block.

    glibc gives freed memory back to the system, and to get it again, page by page, takes a tenth of
    the time of a block. Of a large piece that is freed, but of none above 32 MiB, it learns to keep
    twice as much: see M_MMAP_THRESHOLD in mallopt(3).
    """
    np.empty(31 * 2**20, dtype=np.uint8)
