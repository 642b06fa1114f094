"""The measurements of the theorems as a page to read, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.data.descriptions import Description
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_NAMES
from jacspec.key import ModelKey
from jacspec.markdown import markdown_table
from jacspec.statistics.collapsed_models import left_out_note
from jacspec.theorems.figure import has_patterns

HEAD = """# The theorems, measured

A number stands for all models of the sweep: the median over latent dimensions and seeds, with the
least and the greatest in brackets. "-" means that there is nothing to measure.
"""

FIRST = """## Theorem I.1: equal spectra

*If y = x, the nonzero eigenvalues of J_I and J_L are the same.* Enough is that x and y switch on
the same units of the encoder. The difference is the root mean square over the d eigenvalues of a
point, optimally matched. Where the pattern is the same it must vanish up to a bound that follows
from rounding; {checked:,.0f} such points were compared with their bounds, and {beyond:,.0f} lie
beyond.
"""

SECOND = """## Theorem I.2: spectra no farther apart than matrices

*|λ(A) − λ(B)|² ≤ |A − B|_F², for A and B the J_L of two points.* True for normal matrices with the
best matching (Hoffman and Wielandt), not in general. The share of pairs at which it fails, beyond
what rounding could do: with the paper's order by modulus / with the best matching. Pairs are two
points of the set; one of it and one of the training set; one of it and the nearest of the training
set in latent space. |tr A − tr B| ≤ √d |A − B|_F, which holds for all matrices, failed at
{failed:,.0f} of {pairs:,.0f} pairs.
"""

THIRD = """## Theorem I.3: orientation and angle against chance

*Under a parallel transport no determinant is negative and all arguments are 0.* The null model is a
matrix that knows nothing: half of the determinants are negative, and the arguments are those of a
real Ginibre matrix. "1/2 possible" counts the models at which 1/2 lies in the exact 95 % interval
of the share reversed. The distance of the arguments is that of Kolmogorov and Smirnov: 0 for the
null model up to chance, which makes {chance:.3f} at most.
"""

PAIRINGS = {
    "same_set": "within the set",
    "training_set": "with the training set",
    "nearest_of_training_set": "with the nearest of it",
}


def write_page(
    path: Path | str,
    selection: Selection,
    datasets: Mapping[str, Description],
    left_out: Sequence[ModelKey] = (),
) -> None:
    """Write the page from the measurements of models, one table per theorem.

    `left_out` are the collapsed models, which it names.
    """
    page = "\n".join(
        [
            HEAD,
            *([f"{left_out_note(left_out)}\n"] if left_out else []),
            _first(selection, datasets),
            _second(selection, datasets),
            _third(selection, datasets),
        ]
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _first(selection: Selection, datasets: Mapping[str, Description]) -> str:
    def of(dataset: str, statistic: str) -> np.ndarray:
        return measured(selection, dataset, "both", f"I.1_{statistic}")

    applies = has_patterns(selection, datasets)
    checked = [of(dataset, "points_checked") for dataset in datasets]
    shares = [of(dataset, "share_beyond_rounding") for dataset in datasets]
    beyond = sum(np.nansum(count * share) for count, share in zip(checked, shares, strict=True))
    header = ["Data set", "One pattern", "Largest difference then", "Its bound, median"]
    header += ["Median difference otherwise", "Largest"]
    rows = [
        [
            datasets[dataset].title,
            _percent(of(dataset, "share_same_pattern")) if applies else "does not apply",
            *(
                _scientific(of(dataset, statistic))
                for statistic in (
                    "difference_max_same_pattern",
                    "bound_median",
                    "difference_median_other_pattern",
                    "difference_max_other_pattern",
                )
            ),
        ]
        for dataset in datasets
    ]
    text = FIRST.format(checked=sum(map(np.sum, checked)), beyond=beyond)
    return f"{text}\n{markdown_table(header, rows)}\n"


def _second(selection: Selection, datasets: Mapping[str, Description]) -> str:
    def of(dataset: str, statistic: str) -> np.ndarray:
        return measured(selection, dataset, "latent", f"I.2_{statistic}")

    pairs = failed = 0.0
    rows = []
    for dataset in datasets:
        row = [datasets[dataset].title]
        for pairing in PAIRINGS:
            count = of(dataset, f"{pairing}_pairs")
            pairs += count.sum()
            failed += np.sum(count * of(dataset, f"{pairing}_share_fails_trace"))
            shares = [
                _percent(of(dataset, f"{pairing}_share_fails_{order}"))
                for order in ("ordered", "matched")
            ]
            row.append(" / ".join(shares) if len(count) else "-")
        rows.append(row)
    text = SECOND.format(failed=failed, pairs=pairs)
    return f"{text}\n{markdown_table(['Data set', *PAIRINGS.values()], rows)}\n"


def _third(selection: Selection, datasets: Mapping[str, Description]) -> str:
    def of(dataset: str, jacobian: str, statistic: str) -> np.ndarray:
        return measured(selection, dataset, jacobian, f"I.3_{statistic}")

    chance, rows = 0.0, []
    for dataset in datasets:
        for jacobian, symbol in JACOBIAN_NAMES.items():
            possible = of(dataset, jacobian, "is_consistent_with_half")
            possible = possible[~np.isnan(possible)]
            chance = np.nanmax([chance, *of(dataset, jacobian, "argument_distance_null")])
            rows.append(
                [
                    datasets[dataset].title,
                    symbol,
                    _percent(of(dataset, jacobian, "share_reversed")),
                    f"{possible.sum():.0f} of {len(possible)}",
                    _decimal(of(dataset, jacobian, "argument_distance")),
                    _decimal(of(dataset, jacobian, "argument_mean")),
                    _percent(of(dataset, jacobian, "share_real")),
                ]
            )
    header = ["Data set", "Matrix", "Reversed, of determined", "1/2 possible"]
    header += ["Distance of arguments", "Mean argument (rad)", "Real eigenvalues"]
    return f"{THIRD.format(chance=chance)}\n{markdown_table(header, rows)}\n"


def measured(selection: Selection, dataset: str, jacobian: str, statistic: str) -> np.ndarray:
    """Return a measurement at all models (k,), seed by seed; empty where it was not made."""
    by_seed: list[Mapping[int, float]] = [
        selection.values.get((dataset, jacobian, statistic, seed), {}) for seed in selection.seeds
    ]
    return np.array([value for by_dim in by_seed for value in by_dim.values()])


def _percent(values: np.ndarray) -> str:
    return _range(100 * values, ".1f", " %")


def _decimal(values: np.ndarray) -> str:
    return _range(values, ".2f", "")


def _scientific(values: np.ndarray) -> str:
    return _range(values, ".1e", "")


def _range(values: np.ndarray, form: str, unit: str) -> str:
    values = values[~np.isnan(values)]
    if not len(values):
        return "-"
    return (
        f"{np.median(values):{form}}{unit} ({np.min(values):{form}} to {np.max(values):{form}})"
        if len(values) > 1
        else f"{values[0]:{form}}{unit}"
    )
