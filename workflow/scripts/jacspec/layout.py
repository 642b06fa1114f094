"""Names of the files of a sweep, relative to the folder in which it runs.

The names are a contract with other people's programs; the patterns in braces are Snakemake's, and
`jacspec.key.ModelKey.path` fills those of a model.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from jacspec.key import ModelKey

RESULTS = "results"
# A variant is a folder of results; these are others.
RESERVED_NAMES = ("points", "figures", "benchmarks")

DATASET_SHARD = "results/points/{dataset}.{shard}.h5"

_MODEL = f"results/{{variant}}/models/{ModelKey.PATTERN}"
WEIGHTS = f"{_MODEL}/weights.pt"
TRAINING_HISTORY = f"{_MODEL}/training.csv"
SPECTRA_SHARD = f"results/{{variant}}/spectra/{{dataset}}/{ModelKey.PATTERN}.{{shard}}.h5"
SINGULAR_VALUES_SHARD = (
    f"results/{{variant}}/singular_values/{{dataset}}/{ModelKey.PATTERN}.{{shard}}.h5"
)
VERIFICATION = f"results/{{variant}}/verification/{{dataset}}/{ModelKey.PATTERN}.{{shard}}.csv"

_REDUCED = f"results/{{variant}}/reduced/{ModelKey.PATTERN}"
MODEL_STATISTICS = f"{_REDUCED}/statistics.csv"
MODEL_EVIDENCE = f"{_REDUCED}/evidence.csv"
MODEL_EVIDENCE_DRAWS = f"{_REDUCED}/evidence.h5"
MODEL_THEOREMS = f"{_REDUCED}/theorems.csv"
MODEL_DETECTION = f"{_REDUCED}/detection.csv"
MODEL_VIEW = f"{_REDUCED}/view.json"

# Tables of one variant, and of all of them.
VARIANT_TABLE = "results/{variant}/{table}.csv"
JOINED_TABLE = "results/{table}.csv"
TABLES = ("summary", "claims", "theorems", "detection")
SUMMARY, CLAIMS, THEOREMS, DETECTION = (VARIANT_TABLE.replace("{table}", table) for table in TABLES)

FAMILY_POINTS = "results/points/families/{family}.h5"
MODEL_FAMILY = f"results/{{variant}}/families/{{family}}/{ModelKey.PATTERN}.csv"
FAMILY_TABLE = "results/{variant}/families/{family}.csv"
FAMILY_FIGURE = "results/{variant}/figures/family_{family}.{format}"

FIGURE = "results/{variant}/figures/figure_{number}.{format}"
TABLE = "results/{variant}/figures/table_{number}.{format}"
THEOREMS_FIGURE = "results/{variant}/figures/theorems.{format}"
DETECTION_FIGURE = "results/{variant}/figures/detection.{format}"
CLAIMS_READABLE = "results/{variant}/claims.md"
DETECTION_READABLE = "results/{variant}/detection.md"
VARIANTS = "results/variants.csv"
VARIANTS_READABLE = "results/variants.md"
VARIANTS_FIGURE = "results/figures/variants.{format}"
SPECIFICATION_CURVE = "results/figures/specification_curve.{format}"
VARIANCE = "results/variance.csv"
THEOREMS_READABLE = "results/{variant}/theorems.md"
REPORT = "results/report.html"
RECORD = "results/record.json"

# Where results of format 1, which had no variants, lay.
FORMAT_1_FOLDERS = ("results/datasets", "results/models", "results/spectra", "results/statistics")

# The name of a job of one model or shard in `logs/{rule}/` and `results/benchmarks/{rule}/`.
MODEL_JOB = f"{{variant}}/{ModelKey.PATTERN}"
FAMILY_JOB = f"{{variant}}/{{family}}/{ModelKey.PATTERN}"
SPECTRA_JOB = f"{{variant}}/{{dataset}}/{ModelKey.PATTERN}.{{shard}}"


def by_dataset_of_points(paths: Iterable[Path | str]) -> dict[str, list[Path]]:
    """Return files named by `DATASET_SHARD`, by data set, in their order."""
    return _grouped(paths, lambda path: path.name.rsplit(".", 2)[0])


def by_dataset_of_spectra(paths: Iterable[Path | str]) -> dict[str, list[Path]]:
    """Return files of one model named by `SPECTRA_SHARD`, by data set, in their order."""
    return _grouped(paths, lambda path: path.parent.name)


def _grouped(
    paths: Iterable[Path | str], dataset_of: Callable[[Path], str]
) -> dict[str, list[Path]]:
    grouped: dict[str, list[Path]] = {}
    for path in map(Path, paths):
        grouped.setdefault(dataset_of(path), []).append(path)
    return grouped
