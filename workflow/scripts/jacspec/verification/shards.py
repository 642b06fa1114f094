"""A spectra shard against the weights and points that it was made from."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.verification.comparison import (
    JACOBIANS,
    Deviation,
    deviations,
    identity_deviations,
    largest_norm,
    worst_index,
)
from jacspec.verification.network import LinearStack, load_network
from jacspec.verification.own import (
    OwnMaps,
    StoredPoint,
    load_own_maps,
    own_deviations,
    recompute_own,
)
from jacspec.verification.recomputation import RecomputedPoint, recompute

POINTS_PER_SHARD = 8
BLOCK_POINTS = 10_000

HEADER = ("spectra", *ModelKey.COLUMNS, "dataset", "points", "recomputed", "jacobian")
HEADER += ("quantity", "worst_point", "deviation", "bound", "verdict")


class VerificationError(JacspecError):
    """A shard holds something else than what its weights and points give."""


@dataclass(frozen=True)
class JudgedDeviation:
    """The worst deviation of one quantity in a shard; `point` is its position in the data set.

    `verdict` is ``agrees``, ``deviates``, or ``undecided`` where it deviates at a point so close to
    a kink of an activation that rounding decides which Jacobian is meant.
    """

    point: int
    deviation: Deviation
    verdict: str


@dataclass(frozen=True)
class ShardReport:
    """What was found in a shard of `points` points, one finding for each quantity."""

    spectra: Path
    key: ModelKey
    dataset: str
    points: int
    recomputed: int
    findings: tuple[JudgedDeviation, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing deviates."""
        return all(finding.verdict != "deviates" for finding in self.findings)

    def sentence(self) -> str:
        """Return one line for a person to read."""
        worst = max(self.findings, key=_severity)
        found = worst.deviation
        if self.agrees:
            return (
                f"{self.spectra}: {self.recomputed} points of {self.points} recomputed, all agree, "
                f"to within {max(item.deviation.ratio for item in self.findings):.2f} of what "
                "rounding allows"
            )
        return (
            f"{self.spectra}: {found.quantity} ({found.jacobian}) deviates at point {worst.point} "
            f"by {found.deviation:.2g}, allowed {found.bound:.2g}; this file is not what its "
            "weights and points give: delete it and run snakemake again"
        )

    def write(self, path: Path | str) -> None:
        """Write the findings as a table (CSV)."""
        of_shard = [self.spectra, *self.key.fields().values(), self.dataset]
        of_shard += [self.points, self.recomputed]
        with (
            replacing(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            for finding in self.findings:
                found = finding.deviation
                of_quantity = [found.jacobian, found.quantity, finding.point]
                numbers = [repr(found.deviation), repr(found.bound), finding.verdict]
                writer.writerow([*of_shard, *of_quantity, *numbers])


def verify_shard(
    spectra: Path | str, weights: Path | str, points: Path | str, factory: str | None = None
) -> ShardReport:
    """Check a spectra shard against the files of weights and points that it was made from.

    `factory` is the function that builds the model, as ``my_models.py:build``, if one does.
    `POINTS_PER_SHARD` random points are recomputed; what every point must obey by itself is checked
    at all of them. Raises DamagedFileError where a file cannot be read, or is not of the weights or
    points it stands beside, and VerificationError for a shard of the general engine without a
    factory.
    """
    model = load_network(weights) if factory is None else load_own_maps(weights, factory)
    try:
        with (
            h5py.File(spectra, "r", locking=False) as shard,
            h5py.File(points, "r", locking=False) as data,
        ):
            _check_provenance(spectra, shard, data, model)
            rows = _drawn_rows(shard)
            if factory is not None:
                rows = sorted({*rows, *_suspects(shard)})
            recomputed = _recomputed(model, shard, data, rows)
            norm = (
                largest_norm(model)
                if isinstance(model, LinearStack)
                else _largest_found(recomputed.values())
            )
            findings = [
                *_findings_by_identities(shard, norm),
                *_findings_by_recomputation(shard, recomputed, of_factory=factory is not None),
            ]
            return ShardReport(
                spectra=Path(spectra),
                key=_key(shard),
                dataset=str(shard.attrs["dataset"]),
                points=len(shard["index"]),
                recomputed=len(rows),
                findings=_worst_of_each(findings),
            )
    except (OSError, KeyError) as error:
        raise DamagedFileError(
            f"{spectra} cannot be checked against {points} ({error}): delete the damaged one and "
            "run snakemake again"
        ) from error


def _key(shard: h5py.File) -> ModelKey:
    variant, latent_dim, seed = (shard.attrs[name] for name in ModelKey.COLUMNS)
    return ModelKey(str(variant), int(latent_dim), int(seed))


def _check_provenance(
    path: Path | str, shard: h5py.File, data: h5py.File, model: LinearStack | OwnMaps
) -> None:
    if isinstance(model, LinearStack) and shard.attrs["engine"] != "dense":
        raise VerificationError(
            f"{path} is of the {shard.attrs['engine']} engine, and its weights do not tell the "
            "maps: name the factory that builds the autoencoder"
        )
    claims = (
        ("weights_sha256", shard.attrs["weights_sha256"], model.sha256),
        ("dataset", shard.attrs["dataset"], data.attrs["dataset"]),
        ("first", shard.attrs["first"], data.attrs["first"]),
        ("number of points", len(shard["index"]), len(data["points"])),
    )
    for name, claimed, found in claims:
        if claimed != found:
            raise DamagedFileError(
                f"{path}: its {name} is {claimed}, but its weights and points have {found}; delete "
                "it and run snakemake again"
            )


def _drawn_rows(shard: h5py.File) -> list[int]:
    """Draw different rows, by a counter-based generator keyed by what the shard is of."""
    identity = [str(shard.attrs[name]) for name in (*ModelKey.COLUMNS, "dataset", "first")]
    key = hashlib.sha256(json.dumps(["verify", *identity]).encode()).digest()[:16]
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
    count = len(shard["index"])
    return sorted(generator.choice(count, min(count, POINTS_PER_SHARD), replace=False).tolist())


def _suspects(shard: h5py.File) -> list[int]:
    """Return the rows whose eigenvalues differ most from their trace, beyond what storage is.

    Without layers no norm is known of points that are not recomputed, nor what an eigensolver may
    be off by there: such points are recomputed, the worst `POINTS_PER_SHARD` of each block.
    """
    suspects: list[int] = []
    for start, stored in _blocks(shard):
        for jacobian in JACOBIANS:
            for quantity, deviation, bound in identity_deviations(jacobian, stored, 0.0):
                if quantity == "stored_trace":
                    beyond = np.flatnonzero(~(deviation <= bound))
                    excess = deviation[beyond] / np.maximum(bound[beyond], 2.0**-1000)
                    worst = beyond[np.argsort(-excess, kind="stable")[:POINTS_PER_SHARD]]
                    suspects += (start + worst).tolist()
    return suspects


def _recomputed(
    model: LinearStack | OwnMaps, shard: h5py.File, data: h5py.File, rows: list[int]
) -> dict[int, RecomputedPoint]:
    precision = str(shard.attrs["precision"])
    if isinstance(model, LinearStack):
        return {row: recompute(model, data["points"][row], precision) for row in rows}
    points = [StoredPoint(data["points"][row], _stored(shard, row)) for row in rows]
    engine = str(shard.attrs["engine"])
    found = recompute_own(model, points, engine=engine, precision=precision)
    return dict(zip(rows, found, strict=True))


def _largest_found(recomputed: Iterable[RecomputedPoint]) -> float:
    """Return the largest norm of the matrices that were recomputed."""
    return max(
        (
            float(np.linalg.norm(getattr(point, jacobian).value))
            for point in recomputed
            for jacobian in JACOBIANS
        ),
        default=0.0,
    )


def _stored(shard: h5py.File, row: int) -> dict[str, Any]:
    return {name: column[row] for name, column in shard.items()}


def _findings_by_recomputation(
    shard: h5py.File, recomputed: Mapping[int, RecomputedPoint], *, of_factory: bool
) -> Iterator[JudgedDeviation]:
    for row, found in recomputed.items():
        stored = _stored(shard, row)
        point = int(shard.attrs["first"]) + row
        index = Deviation("both", "index", float(abs(int(stored["index"]) - point)), 0.0)
        own = own_deviations(stored, found, str(shard.attrs["engine"])) if of_factory else ()
        for deviation in (index, *deviations(stored, found), *own):
            yield JudgedDeviation(point, deviation, _verdict(deviation, near_kink=found.near_kink))


def _findings_by_identities(shard: h5py.File, norm: float) -> Iterator[JudgedDeviation]:
    more_zeros = shard.attrs["engine"] != "dense"
    for start, stored in _blocks(shard):
        for jacobian in JACOBIANS:
            of_block = identity_deviations(jacobian, stored, norm, more_zeros=more_zeros)
            for quantity, deviation, bound in of_block:
                worst = worst_index(deviation, bound)
                found = Deviation(jacobian, quantity, float(deviation[worst]), float(bound[worst]))
                point = int(shard.attrs["first"]) + start + worst
                yield JudgedDeviation(point, found, _verdict(found, near_kink=False))


def _blocks(shard: h5py.File) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield the first row of every block, and what its points must obey by themselves."""
    columns = ("eigenvalues", "trace", "rank_bound")
    names = [f"{column}_{jacobian}" for column in columns for jacobian in JACOBIANS]
    for start in range(0, len(shard["index"]), BLOCK_POINTS):
        yield start, {name: shard[name][start : start + BLOCK_POINTS] for name in names}


def _worst_of_each(findings: Iterable[JudgedDeviation]) -> tuple[JudgedDeviation, ...]:
    """Return the worst finding of each quantity."""
    worst: dict[tuple[str, str], JudgedDeviation] = {}
    for finding in findings:
        key = (finding.deviation.jacobian, finding.deviation.quantity)
        worst[key] = max(worst.get(key, finding), finding, key=_severity)
    return tuple(worst.values())


def _verdict(deviation: Deviation, *, near_kink: bool) -> str:
    if deviation.within:
        return "agrees"
    return "undecided" if near_kink else "deviates"


def _severity(finding: JudgedDeviation) -> tuple[int, float]:
    return ("agrees", "undecided", "deviates").index(finding.verdict), finding.deviation.ratio
