"""What docs/results/ holds: the records and tables of the published runs, and parts of them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from jacspec.claims.evidence import BRIGHTNESS, brightness_of
from jacspec.claims.orientation_claims import LARGEST_UNDETERMINED_SHARE
from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.data.descriptions import described

RESULTS = Path(__file__).parent / "results"
STUDY = RESULTS / "study"
SWEEP = RESULTS / "sweep"
BETWEEN = RESULTS / "between_networks"
MODEL = ["variant", "latent_dim", "seed"]
TRAINING_SET = "training set"
HIGH_DIM = 12


@cache
def study_record(folder: Path = STUDY) -> dict[str, Any]:
    """Return the record of a published run."""
    return json.loads((folder / "record.json").read_text(encoding="utf-8"))


def published_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table that docs/publish.py put into `folder`, compressed or not."""
    compressed = folder / f"{name}.xz"
    return pd.read_csv(compressed if compressed.exists() else folder / name)


@cache
def summary(folder: Path = STUDY) -> pd.DataFrame:
    """Return the table of all statistics of a published run."""
    return published_table(folder, "summary.csv")


def judged_variants(record: Mapping[str, Any] | None = None) -> list[str]:
    """Return the variants of a run, or of the study, that were trained for long enough."""
    return [
        name
        for name, settings in (record or study_record())["variants"].items()
        if settings["training"].get("epochs", MINIMUM_EPOCHS) >= MINIMUM_EPOCHS
    ]


def grouped(statistic: str, folder: Path = STUDY) -> pd.DataFrame:
    """Return a statistic of J_I with the group of each set, where it has one."""
    table, record = summary(folder), study_record(folder)
    table = table[(table["jacobian"] == "input") & (table["statistic"] == statistic)].copy()
    training_sets = {name: own["training_set"] for name, own in record["variants"].items()}
    of_set = {
        name: brightness_of(description.brightness)
        for name, description in described(record["datasets"]).items()
        if description.is_random and description.brightness is not None
    }
    is_training_set = table["dataset"] == table["variant"].map(training_sets)
    table["group"] = table["dataset"].map(of_set).mask(is_training_set, TRAINING_SET)
    return table.dropna(subset="group")


def told_shares_reversed(folder: Path = STUDY) -> pd.DataFrame:
    """Return the shares of J_I reversed, by group, where enough points have a sign to tell."""
    shares, keys = grouped("share_reversed", folder), [*MODEL, "dataset"]
    undetermined = grouped("share_undetermined", folder).set_index(keys)["value"]
    is_told = undetermined[pd.MultiIndex.from_frame(shares[keys])] <= LARGEST_UNDETERMINED_SHARE
    return shares[is_told.to_numpy()]


def groups() -> tuple[str, ...]:
    """Return the groups of data sets, the training set first."""
    return (TRAINING_SET, *BRIGHTNESS)


def percent(share: float) -> str:
    """Return a share in whole percent, or a dash where there is none."""
    return "–" if share != share else f"{100 * share:.0f} %"


def default_variant() -> str:
    """Return the variant of the study that all others differ from."""
    return next(iter(study_record()["variants"]))


def differing_only_in(key: str) -> dict[str, Any]:
    """Return a key of training in the variants that share all others with the default, by name."""

    def others(settings: Mapping[str, Any]) -> tuple:
        training = {name: value for name, value in settings["training"].items() if name != key}
        return settings["training_set"], settings["autoencoder"], training

    variants = study_record()["variants"]
    default = others(variants[default_variant()])
    return {
        name: settings["training"][key]
        for name, settings in variants.items()
        if others(settings) == default
    }
