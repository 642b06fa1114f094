"""The computation of one shard: chunk by chunk, in constant memory, through kills and restarts."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from jacspec.data.storage import PointsFile
from jacspec.errors import JacspecError
from jacspec.key import ModelKey
from jacspec.provenance import library_versions, sha256_of_file
from jacspec.spectra.dense import dense_source_of_weights
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.protocols import JacobianSource
from jacspec.spectra.quantities import JacobianSpectra
from jacspec.spectra.shards import write_shard
from jacspec.spectra.staging import StagedChunks


def compute_shard(
    weights_path: Path | str,
    points_path: Path | str,
    output_path: Path | str,
    *,
    key: ModelKey,
    source_of: Callable[[Path | str, str, str], JacobianSource] = dense_source_of_weights,
    precision: str,
    eigensolver: str = "lapack",
    device: str,
    threads: int,
    chunk_size: int,
    code_digest: str,
    report: Callable[[int, int, float], None] | None = None,
) -> None:
    """Write the spectra of a model at all points of a data set shard.

    About `chunk_size` points are computed at a time, and two such chunks are held in memory. Chunks
    that an interrupted job left are taken over. Neither that nor `threads` and `chunk_size` changes
    a byte of the result. `key` is that of the model, and `source_of` gives the Jacobians of its
    weights in a precision on a device. `report` is called with points done, points in all, and
    seconds, after each chunk. Raises DamagedFileError if the weights or the points are damaged, and
    JacspecError if the weights are those of a model of another shape than `key` or the points say.
    """
    source = source_of(weights_path, precision, device)
    with (
        PointsFile(points_path) as points,
        SpectraEngine(source, eigensolver=eigensolver, threads=threads) as engine,
    ):
        _check_shapes(source, key, weights_path, points)
        attributes = {
            **key.fields(),
            "dataset": points.dataset,
            "first": points.first,
            "precision": precision,
            "engine": source.engine,
            "sign_rule": source.sign_rule,
            "weights_sha256": sha256_of_file(weights_path),
            "points_sha256": sha256_of_file(points_path),
            "code_digest": code_digest,
            **library_versions(),
        }
        staged = StagedChunks(
            Path(output_path),
            {
                **attributes,
                "device": device,
                "eigensolver": eigensolver,
                **library_versions("numba"),
            },
        )
        chunks = _chunks(points.count, chunk_size, source.block_points)
        missing = [chunk for chunk in chunks if staged.load(*chunk) is None]
        computed = _computed(missing, points, source.point_shape, engine, report)
        if len(chunks) > 1:
            for start, stop, spectra in computed:
                staged.save(start, stop, spectra)
            blocks = _columns_of_staged(chunks, staged)
        else:
            blocks = (spectra.columns() for _, _, spectra in computed)
        write_shard(output_path, blocks, count=points.count, attributes=attributes)
        staged.remove()


def _check_shapes(
    source: JacobianSource, key: ModelKey, weights_path: Path | str, points: PointsFile
) -> None:
    if source.latent_dim != key.latent_dim:
        raise JacspecError(
            f"{weights_path} has latent dimension {source.latent_dim}, but it stands for {key}: "
            "put the weights of that model there"
        )
    if math.prod(points.shape) != math.prod(source.point_shape):
        raise JacspecError(
            f"{weights_path} is a model of points of shape {source.point_shape}, but {points.path} "
            f"has points of shape {points.shape}: evaluate it on others"
        )


def _chunks(count: int, chunk_size: int, block_points: int) -> list[tuple[int, int]]:
    """Cut `count` rows into runs of whole blocks, near `chunk_size`: so no result depends on it."""
    size = max(chunk_size // block_points, 1) * block_points
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def _computed(
    chunks: Sequence[tuple[int, int]],
    points: PointsFile,
    shape: tuple[int, ...],
    engine: SpectraEngine,
    report: Callable[[int, int, float], None] | None,
) -> Iterator[tuple[int, int, JacobianSpectra]]:
    """Yield the spectra of `chunks`; the threads have the next chunk while one is in use.

    Points reach the engine in the `shape` that it expects.
    """
    started = time.monotonic()

    def read(start: int, stop: int) -> np.ndarray:
        return points.read(start, stop).reshape(stop - start, *shape)

    submitted = ((start, stop, engine.submit(read(start, stop))) for start, stop in chunks)
    for (start, stop, spectra), _following in pairwise(chain(submitted, [None])):
        yield start, stop, spectra.result()
        if report:
            report(stop, points.count, time.monotonic() - started)


def _columns_of_staged(
    chunks: list[tuple[int, int]], staged: StagedChunks
) -> Iterator[dict[str, np.ndarray]]:
    for start, stop in chunks:
        spectra = staged.load(start, stop)
        if spectra is None:
            raise OSError(f"{staged.folder} lost a chunk while it was in use; run snakemake again")
        yield spectra.columns()
