"""Spectra shards against the weights and points that they were made from."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.verification.comparison import JACOBIANS, Deviation, deviations, worst_index
from jacspec.verification.identities import STORED_COLUMNS, identity_deviations, largest_norm
from jacspec.verification.network import Network, load_network
from jacspec.verification.recomputation import recompute

POINTS_PER_SHARD = 8
BLOCK_POINTS = 10_000

HEADER = ("spectra", *ModelKey.COLUMNS, "dataset", "points", "recomputed", "jacobian")
HEADER += ("quantity", "worst_point", "deviation", "bound", "verdict")


class VerificationError(JacspecError):
    """A shard holds something else than what its weights and points give."""


@dataclass(frozen=True)
class ShardFiles:
    """A spectra shard, and the files it claims to be made from."""

    spectra: Path
    weights: Path
    points: Path


@dataclass(frozen=True)
class Finding:
    """The worst deviation of one quantity in a shard; `point` is its position in the data set.

    `verdict` is ``agrees``, ``deviates``, or ``undecided`` where it deviates at a point so close to
    a kink of a ReLU that rounding decides which Jacobian is meant.
    """

    point: int
    deviation: Deviation
    verdict: str


@dataclass(frozen=True)
class ShardReport:
    """What was found in one shard of `points` points, one finding a quantity."""

    files: ShardFiles
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
        if self.agrees:
            of_spectra = [
                item for item in self.findings if item.deviation.quantity == "eigenvalues"
            ]
            return (
                f"{self.files.spectra}: {self.recomputed} points of {self.points} recomputed, all "
                "agree; eigenvalues to within "
                f"{max(item.deviation.ratio for item in of_spectra):.2f} of what rounding allows, "
                f"all else to within {max(item.deviation.ratio for item in self.findings):.2f}"
            )
        worst = max(self.findings, key=_severity)
        found = worst.deviation
        return (
            f"{self.files.spectra}: {found.quantity} ({found.jacobian}) deviates at point "
            f"{worst.point} by {found.deviation:.2g}, allowed {found.bound:.2g}; this file is not "
            f"what {self.files.weights} and {self.files.points} give: delete it and run snakemake "
            "again"
        )


def verify_shards(
    shards: Iterable[ShardFiles], table: Path | str, *, report: Callable[[str], None] = print
) -> None:
    """Check every shard, and write all findings to `table`.

    `POINTS_PER_SHARD` random points of each are recomputed; the eigenvalues of all points must add
    up to their traces. `report` gets one line a shard. All shards are checked, and `table` (CSV) is
    written, before anything is raised.

    Raises
    ------
    VerificationError
        If anything deviates by more than its bound; the message names each such file and its
        worst point.
    DamagedFileError
        If a file cannot be read, or is not of the points or weights it stands beside.
    """
    reports = []
    networks: dict[Path, Network] = {}
    for files in shards:
        if files.weights not in networks:
            networks = {files.weights: load_network(files.weights)}
        reports.append(verify_shard(files, networks[files.weights]))
        report(reports[-1].sentence())
    _write_table(Path(table), reports)
    deviating = [shard.sentence() for shard in reports if not shard.agrees]
    if deviating:
        raise VerificationError(
            f"{len(deviating)} of {len(reports)} shards deviate:\n" + "\n".join(deviating)
        )


def verify_shard(files: ShardFiles, network: Network) -> ShardReport:
    """Check one shard; raises DamagedFileError where it cannot be checked."""
    try:
        with (
            h5py.File(files.spectra, "r", locking=False) as spectra,
            h5py.File(files.points, "r", locking=False) as points,
        ):
            _check_provenance(files, spectra, points, network)
            rows = _drawn_rows(spectra)
            findings = _worst_of_each(
                [
                    *_findings_by_identities(network, spectra),
                    *_findings_by_recomputation(network, spectra, points, rows),
                ]
            )
            return ShardReport(
                files=files,
                key=ModelKey(
                    str(spectra.attrs["variant"]),
                    int(spectra.attrs["latent_dim"]),
                    int(spectra.attrs["seed"]),
                ),
                dataset=str(spectra.attrs["dataset"]),
                points=len(spectra["index"]),
                recomputed=len(rows),
                findings=findings,
            )
    except (OSError, KeyError) as error:
        raise DamagedFileError(
            f"{files.spectra} cannot be checked against {files.points} ({error}): delete the "
            "damaged one and run snakemake again"
        ) from error


def _check_provenance(
    files: ShardFiles, spectra: h5py.File, points: h5py.File, network: Network
) -> None:
    claims = (
        ("weights_sha256", spectra.attrs["weights_sha256"], network.sha256),
        ("dataset", spectra.attrs["dataset"], points.attrs["dataset"]),
        ("first", spectra.attrs["first"], points.attrs["first"]),
        ("number of points", len(spectra["index"]), len(points["points"])),
    )
    for name, claimed, found in claims:
        if claimed != found:
            raise DamagedFileError(
                f"{files.spectra}: its {name} is {claimed}, but {files.weights} and "
                f"{files.points} have {found}; delete it and run snakemake again"
            )


def _drawn_rows(spectra: h5py.File) -> list[int]:
    """Draw different rows, by a counter-based generator keyed by what the shard is of."""
    identity = [str(spectra.attrs[name]) for name in (*ModelKey.COLUMNS, "dataset", "first")]
    key = hashlib.sha256(json.dumps(["verify", *identity]).encode()).digest()[:16]
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
    count = len(spectra["index"])
    return sorted(generator.choice(count, min(count, POINTS_PER_SHARD), replace=False).tolist())


def _findings_by_recomputation(
    network: Network, spectra: h5py.File, points: h5py.File, rows: list[int]
) -> Iterator[Finding]:
    precision = str(spectra.attrs["precision"])
    for row in rows:
        stored: dict[str, Any] = {name: column[row] for name, column in spectra.items()}
        point = int(spectra.attrs["first"]) + row
        recomputed = recompute(network, points["points"][row], precision)
        index = Deviation("both", "index", float(abs(int(stored["index"]) - point)), 0.0)
        for deviation in (index, *deviations(stored, recomputed, precision)):
            yield Finding(point, deviation, _verdict(deviation, near_kink=recomputed.near_kink))


def _findings_by_identities(network: Network, spectra: h5py.File) -> Iterator[Finding]:
    precision, norm = str(spectra.attrs["precision"]), largest_norm(network)
    for start in range(0, len(spectra["index"]), BLOCK_POINTS):
        rows = slice(start, start + BLOCK_POINTS)
        for jacobian in JACOBIANS:
            columns = {name: spectra[f"{name}_{jacobian}"][rows] for name in STORED_COLUMNS}
            for quantity, deviation, bound in identity_deviations(columns, precision, norm):
                worst = worst_index(deviation, bound)
                found = Deviation(jacobian, quantity, float(deviation[worst]), float(bound[worst]))
                point = int(spectra.attrs["first"]) + start + worst
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


def _write_table(path: Path, reports: Iterable[ShardReport]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for shard in reports:
            of_shard = [shard.files.spectra, *shard.key.fields().values(), shard.dataset]
            of_shard += [shard.points, shard.recomputed]
            for finding in shard.findings:
                found = finding.deviation
                of_quantity = [found.jacobian, found.quantity, finding.point]
                numbers = [repr(found.deviation), repr(found.bound), finding.verdict]
                writer.writerow([*of_shard, *of_quantity, *numbers])
