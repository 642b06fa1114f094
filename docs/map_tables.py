"""Blocks of the pages about families and sets near the data, from docs/results/maps."""

import pandas as pd
from published import RESULTS, percent, published_table

from jacspec.families.statistics import AUROC
from jacspec.markdown import markdown_table

MAPS = RESULTS / "maps"
# Name of a path, and what lies at its ends.
PATHS = {
    "mnist_to_uniform": "MNIST to uniform noise",
    "mnist_to_shuffled": "MNIST to its shuffled self",
}
FOUND = 0.95
REVERSED = 0.25


def paths() -> str:
    """Return where, on the way out of the data, the error and the geometry show it."""
    body = []
    for name, title in PATHS.items():
        found = published_table(MAPS / "families", f"{name}.csv")
        for dim, own in found.groupby("latent_dim"):
            auroc = _curve(own, "both", AUROC)
            shares = [_curve(own, which, "share_reversed") for which in ("input", "latent")]
            body.append(
                [
                    title,
                    str(dim),
                    first_weight(auroc, FOUND),
                    *(first_weight(curve, REVERSED) for curve in shares),
                    *(percent(curve.iloc[-1]) for curve in shares),
                ]
            )
    header = [
        "path",
        "d",
        f"error: AUROC ≥ {FOUND}",
        f"J_I reverses ≥ {percent(REVERSED)}",
        f"J_L reverses ≥ {percent(REVERSED)}",
        "J_I at the end",
        "J_L at the end",
    ]
    return markdown_table(header, body)


def _curve(table: pd.DataFrame, jacobian: str, statistic: str) -> pd.Series:
    """Return a statistic of a path by weight."""
    own = table[(table["jacobian"] == jacobian) & (table["statistic"] == statistic)]
    return own.set_index("weight")["value"].sort_index()


def first_weight(curve: pd.Series, bound: float) -> str:
    """Return the weight from which on, to the end, a curve is at `bound` or above."""
    below = curve[~(curve >= bound)]
    if below.empty:
        return f"{curve.index[0]:.2f}"
    above = curve.loc[below.index[-1] :].iloc[1:]
    return f"{above.index[0]:.2f}" if len(above) else "nowhere"
