"""Blocks of docs/results.md about networks that differ in their seed alone."""

import pandas as pd
from published import (
    BETWEEN,
    MODEL,
    TRAINING_SET,
    percent,
    study_record,
    told_shares_reversed,
)

from jacspec.markdown import markdown_table
from jacspec.variants.matrix import VariantVerdict, matrix, read_variants

GROUPS = {TRAINING_SET: (TRAINING_SET,), "noise that is not dark": ("middle", "bright")}


def shares_of_networks() -> str:
    """Return of what share of a variant's networks each claim holds, with its 95 % interval."""
    rows = matrix(read_variants(BETWEEN / "variants.csv"))
    variants = [f"`{one.variant}`" for one in rows[0].verdicts]
    body = [
        [row.claim, *map(_share, row.verdicts)]
        for row in rows
        # On two latent dimensions nothing is known of claims on trends.
        if any(one.high - one.low < 1 for one in row.verdicts)
    ]
    return markdown_table(["", *variants], body)


def _share(found: VariantVerdict) -> str:
    return f"{percent(found.share_of_networks)} ({percent(found.low)} to {percent(found.high)})"


def reversed_between_networks() -> str:
    """Return least, median and greatest share reversed over the networks of a variant and d."""
    shares = told_shares_reversed(BETWEEN)
    by_network = [
        shares[shares["group"].isin(own)].groupby(MODEL)["value"].mean() for own in GROUPS.values()
    ]
    body = []
    for variant, settings in study_record(BETWEEN)["variants"].items():
        for dim in settings["latent_dims"]:
            networks = [(variant, dim, seed) for seed in settings["seeds"]]
            found = [own.reindex(networks).dropna() for own in by_network]
            told = " and ".join(str(len(own)) for own in found)
            spread = [cell for own in found for cell in _spread(own)]
            body.append([f"`{variant}`", str(dim), f"{told} of {len(networks)}", *spread])
    heads = [f"{name}: {which}" for name in GROUPS for which in ("least", "median", "greatest")]
    return markdown_table(["variant", "d", "networks that tell", *heads], body)


def _spread(values: pd.Series) -> list[str]:
    return [percent(value) for value in (values.min(), values.median(), values.max())]
