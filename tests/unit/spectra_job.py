"""The files of one job that computes spectra, for tests."""

import logging
from pathlib import Path

import numpy as np
import pytest

from jacspec.data.blocks import PointBlock
from jacspec.data.storage import write_points
from jacspec.key import ModelKey
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.spectra.computation import compute_shard

LATENT_DIM, COUNT, FIRST = 4, 900, 4000
# Whole blocks of 256 points: chunks of 256, 256, 256 and 132.
CHUNK_SIZE = 300
CHUNKS = 4
SETTINGS = {
    "key": ModelKey("paper", LATENT_DIM, 7),
    "precision": "float64",
    "device": "cpu",
    "threads": 1,
    "chunk_size": CHUNK_SIZE,
    "code_digest": "0123456789abcdef",
}


class Job:
    """The files of one job, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        seed: int = 0,
        sample_seed: int = 0,
        count: int = COUNT,
        latent_dim: int = LATENT_DIM,
    ):
        self.weights = folder / "weights.pt"
        self.key = ModelKey("paper", latent_dim, 7)
        self.points = folder / "uniform.0.h5"
        self.output = folder / "d4_seed7.0.h5"
        self.staged = folder / ".d4_seed7.0.h5.partial"
        save_weights(self.weights, initialized_autoencoder(latent_dim, (16, 12), seed))
        self.pixels = np.random.default_rng(sample_seed).random((count, 784), dtype=np.float32)
        self.sample_seed = sample_seed
        self.write_points(self.pixels)

    def write_points(self, points: np.ndarray) -> None:
        write_points(
            self.points,
            [PointBlock(points)],
            dataset="uniform",
            first=FIRST,
            count=len(points),
            attributes={"sample_seed": self.sample_seed},
            compressed=False,
        )

    def compute(self, **changes) -> bytes:
        compute_shard(
            self.weights, self.points, self.output, **{**SETTINGS, "key": self.key, **changes}
        )
        return self.output.read_bytes()

    def interrupt(self, chunks: int, **changes) -> None:
        """Compute until `chunks` chunks are done, and fail."""

        def report(done, *_):
            reports.append(done)
            if len(reports) == chunks:
                raise KeyboardInterrupt

        reports = []
        with pytest.raises(KeyboardInterrupt):
            self.compute(report=report, **changes)
        assert not self.output.exists()
        assert len(list(self.staged.iterdir())) == chunks


def recomputed(caplog):
    """Return the reasons for which staged chunks were not taken."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
