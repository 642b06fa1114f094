"""How long an epoch of each variant in config/study.yaml takes, and all of its trainings together.

Usage: python benchmarks/recipes.py > table.md      writes docs/results/recipes.csv, too

Every recipe trains the paper's autoencoder (d = 12) for some epochs on MNIST, or on random pixels
that are as sparse where resources/mnist is missing, with one thread on an otherwise idle machine.
Variants that differ in the number of epochs, or in the set of images, which are as many, share a
measurement.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import yaml
from kernels import kernels_in_use, without_chosen_kernels
from snakemake.utils import update_config
from threadpoolctl import threadpool_limits
from training import training_points

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from jacspec.markdown import markdown_table  # noqa: E402
from jacspec.models.architecture import Architecture  # noqa: E402
from jacspec.models.recipe import TrainingRecipe  # noqa: E402
from jacspec.models.training import train  # noqa: E402
from jacspec.report.record import processor  # noqa: E402
from sweep.variants import Variant, variants_of  # noqa: E402

TABLE = ROOT / "docs" / "results" / "recipes.csv"
LATENT_DIM = 12
# The first one is warmed up in, and not counted.
EPOCHS = 6
TEST_POINTS = 10_000


@dataclass(frozen=True)
class VariantCost:
    """What the trainings of a variant take: seconds for each of `epochs`, of `networks`."""

    variant: str
    recipe: str
    seconds_per_epoch: float
    epochs: int
    networks: int

    @property
    def core_hours(self) -> float:
        """The time of all trainings of the variant."""
        return self.seconds_per_epoch * self.epochs * self.networks / 3600


def study() -> dict[str, Variant]:
    """Return the variants of config/study.yaml by name."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    overlay = yaml.safe_load((ROOT / "config" / "study.yaml").read_text(encoding="utf-8"))
    update_config(config, overlay)
    return variants_of(config)


def measured(variants: dict[str, Variant], points: np.ndarray) -> list[VariantCost]:
    """Return the cost of each variant, those of the same steps measured once."""
    seconds: dict[tuple, float] = {}
    costs = []
    for name, variant in variants.items():
        training = {**variant.training, "momentum": variant.momentum, "epochs": EPOCHS}
        steps = str(training), str(variant.autoencoder)
        if steps not in seconds:
            seconds[steps] = seconds_per_epoch(training, variant.autoencoder, points)
        costs.append(
            VariantCost(
                name,
                f"{training['optimizer']}, {training['batch_size']}",
                seconds[steps],
                variant.epochs,
                len(variant.latent_dims) * len(variant.seeds),
            )
        )
    return costs


def seconds_per_epoch(training: dict, autoencoder: dict, points: np.ndarray) -> float:
    """Return the median time of an epoch on one core, its test loss included."""
    layers = {**autoencoder, "hidden_widths": tuple(autoencoder["hidden_widths"])}
    test_points = points[:TEST_POINTS]
    if training["training_points"] == "all":
        points = np.concatenate([points, test_points])
    with threadpool_limits(1):
        result = train(
            TrainingRecipe(**training),
            Architecture(latent_dim=LATENT_DIM, input_dim=points.shape[1], **layers),
            points,
            test_points,
            seed=0,
        )
    return median(epoch.seconds for epoch in result.history[1:])


def print_table(costs: list[VariantCost], points: str) -> None:
    """Print a Markdown table, a row for each variant."""
    print(f"One epoch, d = {LATENT_DIM}, one thread; {points}; median of {EPOCHS - 1}.\n")
    print(f"{kernels_in_use()}.\n")
    header = ["variant", "optimizer, batch", "s an epoch", "epochs", "networks", "core hours"]
    rows = [
        [
            *(f"`{cost.variant}`", cost.recipe, f"{cost.seconds_per_epoch:.2f}"),
            *(str(cost.epochs), str(cost.networks), f"{cost.core_hours:.2f}"),
        ]
        for cost in costs
    ]
    networks = sum(cost.networks for cost in costs)
    hours = sum(cost.core_hours for cost in costs)
    rows.append(["all", "", "", "", str(networks), f"{hours:.1f}"])
    print(markdown_table(header, rows))


def write_table(costs: list[VariantCost], path: Path) -> None:
    """Write what README.md's line on the study's cost is made from."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["variant", "seconds_per_epoch", "epochs", "networks", "processor"])
        for cost in costs:
            seconds = f"{cost.seconds_per_epoch:.3f}"
            table.writerow([cost.variant, seconds, cost.epochs, cost.networks, processor()])


def main() -> None:
    """Measure, print, and keep what was measured."""
    points, words = training_points()
    costs = measured(study(), points)
    print_table(costs, words)
    write_table(costs, TABLE)


if __name__ == "__main__":
    without_chosen_kernels()
    main()
