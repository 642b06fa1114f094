"""Blocks of the pages about what training did to the networks, from docs/results/study."""

import pandas as pd
from published import (
    HIGH_DIM,
    MODEL,
    STUDY,
    grouped,
    judged_variants,
    percent,
    published_table,
    study_record,
    told_shares_reversed,
)

from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.markdown import markdown_table

# Fewer networks have no rank correlation worth a number.
FEWEST_RANKED = 6


def networks() -> str:
    """Return how far training took the networks of high d, their live units, and reversed noise."""
    table = _networks()
    body = [
        [
            f"`{variant}`",
            str(dim),
            f"{own['distance'].mean():.1f}",
            *(f"{own[name].mean():.0f}" for name in ("live_on_training_set", "live_on_noise")),
            percent(own["reversed"].mean()),
        ]
        for (variant, dim), own in table.groupby(["variant", "latent_dim"], sort=False)
    ]
    header = ["variant", "d", "distance travelled", "live units: training set", "live units: noise"]
    return markdown_table([*header, "noise reversed"], body)


def distance_and_orientation() -> str:
    """Return the rank correlation of distance travelled and noise reversed, over networks."""
    table = _networks()
    table = table[table["variant"].isin(judged_variants())].dropna()
    ranks = [
        f"{own['distance'].corr(own['reversed'], method='spearman'):.2f} at d = {dim} "
        f"({len(own)} networks)"
        for dim, own in table.groupby("latent_dim")
        if len(own) >= FEWEST_RANKED
    ]
    found = ", ".join(ranks) or f"not told: there are fewer than {FEWEST_RANKED} of one d"
    return (
        f"The rank correlation of distance and noise reversed, over networks of {MINIMUM_EPOCHS} "
        f"epochs or more, is {found}."
    )


def _networks() -> pd.DataFrame:
    """Return a row for each network of high d: distance, live units, reversed on bright noise."""
    found = published_table(STUDY, "networks.csv")
    found = found[found["latent_dim"] >= HIGH_DIM]
    training_sets = {name: own["training_set"] for name, own in study_record()["variants"].items()}
    is_training_set = found["dataset"] == found["variant"].map(training_sets)
    noise = grouped("share_reversed")
    noise = noise[noise["group"].isin(["middle", "bright"])]["dataset"].unique()
    shares = told_shares_reversed()
    by_network = found.groupby(MODEL, sort=False)
    columns = pd.DataFrame(
        {
            "distance": by_network["distance_travelled"].first(),
            "live_on_training_set": found[is_training_set].groupby(MODEL)["live_units"].first(),
            "live_on_noise": found[found["dataset"].isin(noise)]
            .groupby(MODEL)["live_units"]
            .mean(),
            "reversed": shares[shares["dataset"].isin(noise)].groupby(MODEL)["value"].mean(),
        }
    )
    return columns.loc[by_network.groups.keys()].reset_index()
