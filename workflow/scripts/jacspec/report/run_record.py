"""What was run: time and memory of each stage, models, versions and digests."""

import csv
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jacspec.data.descriptions import Description
from jacspec.figures.style import JACOBIAN_NAMES
from jacspec.key import ModelKey
from jacspec.report.model_view import key_of_view
from jacspec.spectra.runs import PointsRun

# A share of undetermined points from which on a data set's orientation says little.
NOTABLE_UNDETERMINED_SHARE = 0.1


@dataclass(frozen=True)
class Stage:
    """Cost of all jobs of a rule: seconds, and the largest resident memory of one, in MB.

    `peak_megabytes` is None where every job was too short for a measurement.
    """

    rule: str
    jobs: int
    seconds: float
    longest_seconds: float
    peak_megabytes: float | None


def stages(benchmarks: Path, models: Iterable[ModelKey]) -> list[Stage]:
    """Return the cost of every rule, by its files below `benchmarks`, the most expensive first.

    Jobs of other models than `models`, which an earlier sweep in the same folder had, do not count.
    """
    jobs, counted = defaultdict(list), {None, *models}
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule, *place = path.relative_to(benchmarks).with_suffix("").parts
        if _model_of_job(place) not in counted:
            continue
        with path.open(encoding="utf-8", newline="") as file:
            jobs[rule] += csv.DictReader(file, delimiter="\t")
    found = [_stage(rule, rows) for rule, rows in jobs.items()]
    return sorted(found, key=lambda stage: -stage.seconds)


def last_epoch(history: Path) -> dict[str, float]:
    """Return epoch, losses and seconds of the last row of a training history.

    They are NaN where it has none, because the model was trained elsewhere.
    """
    with history.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [*reader]
    last = rows[-1] if rows else dict.fromkeys(reader.fieldnames or (), math.nan)
    return {name: float(value) for name, value in last.items()}


def gaps(
    views: Sequence[Mapping],
    collapsed: Collection[ModelKey],
    datasets: Mapping[str, Description],
) -> list[str]:
    """Return a sentence for every collapsed model, and of the others for many undetermined points.

    `collapsed` are the models that are no better than the mean image.
    """
    sentences = []
    for view in views:
        if key_of_view(view) in collapsed:
            sentences.append(
                f"d = {view['latent_dim']}, seed {view['seed']}: no better than the mean image, "
                "left out of verdicts and figures"
            )
            continue
        for dataset, content in view["datasets"].items():
            for jacobian, part in content["jacobians"].items():
                share = part["share_undetermined"]
                if share > NOTABLE_UNDETERMINED_SHARE:
                    sentences.append(
                        f"d = {view['latent_dim']}, seed {view['seed']}, "
                        f"{datasets[dataset].title}, {JACOBIAN_NAMES[jacobian]}: the sign is "
                        f"undetermined at {100 * share:.0f} % of the points"
                    )
    return sentences


def distinct(views: Sequence[Mapping], name: str) -> str:
    """Return the values that an attribute has in the models' shards, usually one."""
    return ", ".join(dict.fromkeys(value for view in views for value in view["versions"][name]))


def origin(points: PointsRun) -> dict[str, str]:
    """Return what a data set was made from, and by: the attributes of its first shard."""
    return {
        name: str(value)
        for name, value in points.attributes.items()
        if name not in ("dataset", "first", "count", "format_version")
    }


def _model_of_job(place: Sequence[str]) -> ModelKey | None:
    """Return whose job a file below a rule's folder measured, None if it was of no one model."""
    try:
        return ModelKey.parse(place[0], place[-1].partition(".")[0])
    except (IndexError, ValueError):
        return None


def _stage(rule: str, rows: Sequence[Mapping[str, str]]) -> Stage:
    seconds = [float(row["s"]) for row in rows]
    peaks = [float(row["max_rss"]) for row in rows if row["max_rss"] not in ("-", "NA", "")]
    return Stage(
        rule=rule,
        jobs=len(rows),
        seconds=sum(seconds),
        longest_seconds=max(seconds, default=0.0),
        peak_megabytes=max(peaks, default=None),
    )
