"""The record of a run as a file: from what, by what and on what its results were made."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

import jacspec
from jacspec.atomic import replacing
from jacspec.data.descriptions import Description
from jacspec.provenance import sha256_of_file
from jacspec.report.model_view import key_of_view
from jacspec.report.run_record import stages

LIBRARIES = (
    *("h5py", "llvmlite", "matplotlib", "numba", "numpy", "pandas"),
    *("scipy", "snakemake", "torch", "torchvision"),
)


def write_record(
    path: Path | str,
    configuration: Mapping[str, Any],
    datasets: Mapping[str, Description],
    variants: Mapping[str, Mapping[str, Any]],
    views: Sequence[Mapping],
    benchmarks: Path,
    tables: Iterable[Path],
) -> None:
    """Write configuration, versions, machine, cost of every rule and SHA-256 of models and tables.

    `variants` has the settings of each, `views` are those of all models, `benchmarks` is the
    folder of the rules' measurements. The machine is this one, its name left out.
    """
    record = {
        "configuration": dict(configuration),
        "datasets": {name: asdict(description) for name, description in datasets.items()},
        "versions": {"jacspec": jacspec.__version__, "python": platform.python_version()}
        | {name: found for name in LIBRARIES if (found := _version(name))},
        "machine": machine(),
        "variants": {name: dict(settings) for name, settings in variants.items()},
        "stages": [asdict(stage) for stage in stages(benchmarks, map(key_of_view, views))],
        "models": {
            str(key_of_view(view)): {"weights_sha256": view["weights_sha256"], **view["versions"]}
            for view in views
        },
        "tables": {str(table): sha256_of_file(table) for table in tables},
    }
    with replacing(path) as temporary:
        text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """Return system, processor, number of cores and linear algebra libraries in this process."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "blas": sorted(
            f"{library['internal_api']} {library['version']} ({library.get('architecture')})"
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ),
    }


def processor() -> str:
    """Return the name of the processor, as Linux knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
