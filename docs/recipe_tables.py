"""What the study of variants costs, by docs/results/recipes.csv and the record of its run."""

import pandas as pd
from published import RESULTS, study_record
from result_tables import own_stages

from jacspec.markdown import markdown_table


def seconds_per_epoch() -> str:
    """Return how long an epoch of each variant takes, and all trainings of it."""
    table = _recipes()
    rows = [
        [
            *(f"`{row.variant}`", f"{row.seconds_per_epoch:.2f}", str(row.epochs)),
            *(str(row.networks), f"{row.core_hours:.1f}"),
        ]
        for row in table.itertuples()
    ]
    total = ["all", "", "", str(table["networks"].sum()), f"{table['core_hours'].sum():.1f}"]
    header = ["variant", "seconds an epoch", "epochs", "networks", "core hours"]
    return markdown_table(header, [*rows, total])


def cost() -> str:
    """Return what all of config/study.yaml consists of and takes."""
    table, record = _recipes(), study_record()
    networks, sets = table["networks"].sum(), len(record["datasets"])
    jobs = {"compute_spectra": networks * sets, "reduce_model": networks}
    hours = {
        stage["rule"]: stage["seconds"] / stage["jobs"] * jobs[stage["rule"]] / 3600
        for stage in own_stages(record)
        if stage["rule"] in jobs
    }
    training = table["core_hours"].sum()
    return (
        f"All of `config/study.yaml`: {len(table)} variants, {networks} networks, {sets} data sets "
        f"of {record['configuration']['samples']:,} points: "
        f"**{training + sum(hours.values()):.0f} core hours** ({training:.1f} training, by how "
        f"long an epoch of each recipe takes on one idle core ({table['processor'][0]}); "
        f"{hours['compute_spectra']:.1f} spectra and {hours['reduce_model']:.1f} reductions, by "
        f"what jobs of {len(record['models'])} networks took)."
    )


def _recipes() -> pd.DataFrame:
    """Return what benchmarks/recipes.py measured, with the hours of all trainings of a variant."""
    table = pd.read_csv(RESULTS / "recipes.csv")
    seconds = table["seconds_per_epoch"] * table["epochs"] * table["networks"]
    return table.assign(core_hours=seconds / 3600)
