"""A spectra shard against the weights and points that it was made from."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
from jacspec.verification.network import Network, load_network
from jacspec.verification.recomputation import recompute

POINTS_PER_SHARD = 8
BLOCK_POINTS = 10_000

HEADER = ("spectra", *ModelKey.COLUMNS, "dataset", "points", "recomputed", "jacobian")
HEADER += ("quantity", "worst_point", "deviation", "bound", "verdict")


class VerificationError(JacspecError):
    """A shard holds something else than what its weights and points give."""


@dataclass(frozen=True)
class Finding:
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
    findings: tuple[Finding, ...]

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


def verify_shard(spectra: Path | str, weights: Path | str, points: Path | str) -> ShardReport:
    """Check a spectra shard against the files of weights and points that it was made from.

    `POINTS_PER_SHARD` random points are recomputed; what every point must obey by itself is checked
    at all of them. Raises DamagedFileError where a file cannot be read, or is not of the weights or
    points it stands beside, and VerificationError for a shard of the general engine, whose weights
    do not tell the maps.
    """
    network = load_network(weights)
    try:
        with (
            h5py.File(spectra, "r", locking=False) as shard,
            h5py.File(points, "r", locking=False) as data,
        ):
            _check_provenance(spectra, shard, data, network)
            rows = _drawn_rows(shard)
            findings = [
                *_findings_by_identities(network, shard),
                *_findings_by_recomputation(network, shard, data, rows),
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
    path: Path | str, shard: h5py.File, data: h5py.File, network: Network
) -> None:
    if shard.attrs["engine"] != "dense":
        raise VerificationError(
            f"{path} is of the {shard.attrs['engine']} engine: only shards of dense layers can be "
            "verified, so leave it out"
        )
    claims = (
        ("weights_sha256", shard.attrs["weights_sha256"], network.sha256),
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


def _findings_by_recomputation(
    network: Network, shard: h5py.File, data: h5py.File, rows: list[int]
) -> Iterator[Finding]:
    for row in rows:
        stored = {name: column[row] for name, column in shard.items()}
        point = int(shard.attrs["first"]) + row
        index = Deviation("both", "index", float(abs(int(stored["index"]) - point)), 0.0)
        recomputed = recompute(network, data["points"][row], str(shard.attrs["precision"]))
        for deviation in (index, *deviations(stored, recomputed)):
            yield Finding(point, deviation, _verdict(deviation, near_kink=recomputed.near_kink))


def _findings_by_identities(network: Network, shard: h5py.File) -> Iterator[Finding]:
    norm = largest_norm(network)
    for start in range(0, len(shard["index"]), BLOCK_POINTS):
        rows = slice(start, start + BLOCK_POINTS)
        for jacobian in JACOBIANS:
            names = [f"{column}_{jacobian}" for column in ("eigenvalues", "trace", "rank_bound")]
            stored = {name: shard[name][rows] for name in names}
            for quantity, deviation, bound in identity_deviations(jacobian, stored, norm):
                worst = worst_index(deviation, bound)
                found = Deviation(jacobian, quantity, float(deviation[worst]), float(bound[worst]))
                point = int(shard.attrs["first"]) + start + worst
                yield Finding(point, found, _verdict(found, near_kink=False))


def _worst_of_each(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the worst finding of each quantity."""
    worst: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.deviation.jacobian, finding.deviation.quantity)
        worst[key] = max(worst.get(key, finding), finding, key=_severity)
    return tuple(worst.values())


def _verdict(deviation: Deviation, *, near_kink: bool) -> str:
    if deviation.within:
        return "agrees"
    return "undecided" if near_kink else "deviates"


def _severity(finding: Finding) -> tuple[int, float]:
    return ("agrees", "undecided", "deviates").index(finding.verdict), finding.deviation.ratio
