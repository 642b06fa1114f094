"""Blocks of docs/results.md about the paper's own sweep, from docs/results/sweep."""

from collections import Counter
from pathlib import Path

import yaml
from published import SWEEP, percent, study_record
from result_tables import MARKS, own_stages

from jacspec.claims.registry import CLAIMS
from jacspec.markdown import markdown_table
from jacspec.variants.matrix import VariantVerdict, read_variants

CONFIGURATION = Path(__file__).parents[1] / "config.yaml"
# Rules whose cost is told by itself.
PARTS = {"train_model": "training", "compute_spectra": "spectra", "reduce_model": "reductions"}


def cost() -> str:
    """Return what the sweep of config.yaml consists of and takes, by what was measured of it."""
    record, whole = study_record(SWEEP), yaml.safe_load(CONFIGURATION.read_text())
    dims, seeds, sets = (len(whole[key]) for key in ("latent_dims", "seeds", "datasets"))
    networks = dims * seeds
    jobs = {"train_model": networks, "compute_spectra": networks * sets, "reduce_model": networks}
    hours = Counter()
    for stage in own_stages(record):
        share = jobs.get(stage["rule"], stage["jobs"]) / stage["jobs"]
        hours[PARTS.get(stage["rule"], "all else")] += stage["seconds"] / 3600 * share
    parts = ", ".join(f"{hours[name]:.1f} {name}" for name in (*PARTS.values(), "all else"))
    return (
        f"{dims} latent dimensions, {seeds} seeds, {sets} data sets of {whole['samples']:,} "
        f"points: {networks} trainings of {whole['training']['epochs']} epochs and "
        f"{networks * sets} spectra jobs, **{sum(hours.values()):.1f} core hours** ({parts}) by "
        f"what jobs of {len(record['models'])} networks took, side by side on "
        f"{record['machine']['cores']} cores "
        f"({record['machine']['processor']}; {record['machine']['blas'][0]})."
    )


def claims() -> str:
    """Return the verdict on each claim with the interval that it hangs on."""
    header = ["", "claim", "verdict", "networks of which it holds", "95 % interval", "strength"]
    return markdown_table(header, map(_row, read_variants(SWEEP / "variants.csv")))


def _row(found: VariantVerdict) -> list[str]:
    return [
        found.claim,
        CLAIMS[int(found.claim.removeprefix("C"))].words,
        f"{MARKS[found.verdict]} {found.verdict}",
        percent(found.share_of_networks),
        f"{percent(found.low)} to {percent(found.high)}",
        f"{found.strength:.2f}",
    ]
