"""Which training recipe to take, decided on the training set alone.

The paper gives no optimizer, learning rate or batch size, and its findings depend on them. A recipe
is judged by what the paper says of the *training* set, and by nothing else, so that no finding on
another data set can have been the reason for choosing it.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from jacspec.atomic import replacing


@dataclass(frozen=True)
class Criterion:
    """One of the paper's statements about the training set, as a test of one model's statistics."""

    claim: str
    words: str
    holds: Callable[[Mapping[str, float]], bool]


# "Near" and "rarely" are given numbers half-way to what would be called their opposite: a mean
# nearer to 1 than to 0, a share nearer to 0 than to the coin flip, an angle a quarter of a random
# matrix's mean of pi / 2.
CRITERIA = (
    Criterion("C1", "mean |λ| in (0.5, 1)", lambda m: 0.5 < m["mean_abs"] < 1.0),
    Criterion("C2", "AM / GM below 2", lambda m: m["mean_abs"] < 2.0 * m["geometric_mean"]),
    Criterion("C3", "below 1 % zeros", lambda m: m["share_zero"] < 0.01),
    Criterion(
        "C9",
        "below 1 % undetermined, below 25 % reversed",
        lambda m: m["share_undetermined"] < 0.01 and m["share_reversed"] < 0.25,
    ),
    Criterion("C10", "mean |arg λ| below π/8", lambda m: m["abs_arg_mean"] < math.pi / 8),
)
STATISTICS = (
    "mean_abs",
    "geometric_mean",
    "share_zero",
    "share_undetermined",
    "share_reversed",
    "abs_arg_mean",
)


@dataclass(frozen=True)
class RecipeModel:
    """What one model of a recipe did on the training set.

    `measures` holds `STATISTICS` of the input Jacobian and ``test_loss``, the mean squared error
    over test images and pixels after the last epoch.
    """

    recipe: str
    latent_dim: int
    seed: int
    measures: Mapping[str, float]

    def criteria_met(self) -> int:
        """Return how many of `CRITERIA` the model meets."""
        return sum(criterion.holds(self.measures) for criterion in CRITERIA)


def read_recipe_model(recipe: str, statistics: Path, history: Path) -> RecipeModel:
    """Read the statistics and the training history of one model of a recipe."""
    with statistics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    measures = {
        row["statistic"]: float(row["value"])
        for row in rows
        if row["jacobian"] == "input" and row["statistic"] in STATISTICS
    }
    with history.open(newline="", encoding="utf-8") as file:
        measures["test_loss"] = float(list(csv.DictReader(file))[-1]["test_loss"])
    return RecipeModel(recipe, int(rows[0]["latent_dim"]), int(rows[0]["seed"]), measures)


def chosen_recipe(models: Iterable[RecipeModel]) -> str:
    """Return the recipe whose worst model meets most criteria; of equals, the lowest test loss."""

    def merit(recipe: str) -> tuple[float, float]:
        own = by_recipe[recipe]
        return (
            -min(model.criteria_met() for model in own),
            fmean(model.measures["test_loss"] for model in own),
        )

    by_recipe = _grouped(models)
    return min(by_recipe, key=merit)


def write_comparison(models: Sequence[RecipeModel], table: Path, readable: Path) -> None:
    """Write one row a model to `table` (CSV) and one row a recipe to `readable` (Markdown)."""
    columns = ("test_loss", *STATISTICS)
    with replacing(table) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("recipe", "latent_dim", "seed", *columns, "criteria_met"))
        for model in models:
            values = [repr(model.measures[column]) for column in columns]
            writer.writerow(
                (model.recipe, model.latent_dim, model.seed, *values, model.criteria_met())
            )
    with replacing(readable) as temporary:
        temporary.write_text(_readable(models), encoding="utf-8")


def _readable(models: Sequence[RecipeModel]) -> str:
    criteria = "; ".join(f"{criterion.claim}: {criterion.words}" for criterion in CRITERIA)
    lines = [
        "| recipe | test loss | AM | GM | zeros | undetermined | reversed | mean arg | met |",
        "|" + " --- |" * 9,
    ]
    chosen = chosen_recipe(models)
    for recipe, own in _grouped(models).items():
        name = f"**{recipe}** (chosen)" if recipe == chosen else recipe
        cells = [
            " / ".join(f"{model.measures[column]:{style}}" for model in own)
            for column, style in (
                ("test_loss", ".4f"),
                ("mean_abs", ".2f"),
                ("geometric_mean", ".2f"),
                ("share_zero", ".1%"),
                ("share_undetermined", ".1%"),
                ("share_reversed", ".1%"),
                ("abs_arg_mean", ".2f"),
            )
        ]
        met = " / ".join(str(model.criteria_met()) for model in own)
        lines.append(f"| {name} | {' | '.join(cells)} | {met} |")
    models_shown = ", ".join(
        f"d = {model.latent_dim} seed {model.seed}" for model in _grouped(models)[chosen]
    )
    return (
        "\n".join(lines)
        + f"\n\nEach cell: {models_shown}. Statistics of J_I on MNIST. Criteria: {criteria}. "
        + "Chosen: most criteria met by the worst model, then the lowest mean test loss.\n"
    )


def _grouped(models: Iterable[RecipeModel]) -> dict[str, list[RecipeModel]]:
    by_recipe: dict[str, list[RecipeModel]] = {}
    for model in models:
        by_recipe.setdefault(model.recipe, []).append(model)
    return by_recipe
