"""How long an epoch of each variant in config/study.yaml takes.

Usage: python benchmarks/recipes.py > table.md      writes docs/results/recipes.csv, too

Every recipe trains the paper's autoencoder (d = 12) for some epochs on MNIST, or on random pixels
that are as sparse where resources/mnist is missing, with one thread on an otherwise idle machine.
Variants that differ in the number of epochs, or in the set of images, which are as many, share a
measurement. What all trainings take follows from the table (docs/recipe_tables.py).
"""

import csv
import sys
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
# Recipes take turns, because what a shared machine gives varies by a third from minute to minute.
ROUNDS = 4
# The first one is warmed up in, and not counted.
EPOCHS = 2
TEST_POINTS = 10_000


def study() -> dict[str, Variant]:
    """Return the variants of config/study.yaml by name."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    overlay = yaml.safe_load((ROOT / "config" / "study.yaml").read_text(encoding="utf-8"))
    update_config(config, overlay)
    return variants_of(config)


def steps_of(variant: Variant, input_dim: int) -> tuple[TrainingRecipe, Architecture]:
    """Return how networks of a variant are trained here; equal for variants of the same steps."""
    training = {**variant.training, "momentum": variant.momentum, "epochs": EPOCHS}
    layers = {
        **variant.autoencoder,
        "hidden_widths": tuple(variant.autoencoder["hidden_widths"]),
    }
    return (
        TrainingRecipe(**training),
        Architecture(latent_dim=LATENT_DIM, input_dim=input_dim, **layers),
    )


def seconds_per_epoch(
    recipe: TrainingRecipe, architecture: Architecture, points: np.ndarray
) -> float:
    """Return the time of the last epoch on one core, its test loss included."""
    test_points = points[:TEST_POINTS]
    if recipe.training_points == "all":
        points = np.concatenate([points, test_points])
    with threadpool_limits(1):
        result = train(recipe, architecture, points, test_points, seed=0)
    return result.history[-1].seconds


def write_table(variants: dict[str, Variant], seconds: dict[str, float], path: Path) -> None:
    """Write what README.md's line on the study's cost is made from."""
    machine = processor()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["variant", "seconds_per_epoch", "epochs", "networks", "processor"])
        for name, variant in variants.items():
            networks = len(variant.latent_dims) * len(variant.seeds)
            table.writerow([name, f"{seconds[name]:.3f}", variant.epochs, networks, machine])


def main() -> None:
    """Measure, print, and keep what was measured."""
    variants = study()
    points, words = training_points()
    steps = {name: steps_of(variant, points.shape[1]) for name, variant in variants.items()}
    rounds = [
        {one: seconds_per_epoch(*one, points) for one in dict.fromkeys(steps.values())}
        for _ in range(ROUNDS)
    ]
    seconds = {name: median(times[one] for times in rounds) for name, one in steps.items()}
    print(f"One epoch, d = {LATENT_DIM}, one thread; {words}; median of {ROUNDS} turns.\n")
    print(f"{kernels_in_use()}.\n")
    rows = [
        [f"`{name}`", f"{recipe.optimizer}, {recipe.batch_size}", f"{seconds[name]:.2f}"]
        for name, (recipe, _) in steps.items()
    ]
    print(markdown_table(["variant", "optimizer, batch", "s an epoch"], rows))
    write_table(variants, seconds, TABLE)


if __name__ == "__main__":
    without_chosen_kernels()
    main()
