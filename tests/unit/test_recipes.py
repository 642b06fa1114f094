"""The choice of a recipe follows from its criteria on the training set, and from nothing else."""

import csv

import pytest

from jacspec.recipes.comparison import (
    RecipeModel,
    chosen_recipe,
    read_recipe_model,
    write_comparison,
)
from jacspec.recipes.figure import PANELS, draw_recipes

SOUND = {
    "test_loss": 0.015,
    "mean_abs": 0.75,
    "geometric_mean": 0.6,
    "share_zero": 0.0,
    "share_undetermined": 0.0,
    "share_reversed": 0.1,
    "abs_arg_mean": 0.2,
}


def model(recipe: str, seed: int = 0, **changes: float) -> RecipeModel:
    return RecipeModel(recipe, latent_dim=20, seed=seed, measures={**SOUND, **changes})


def test_a_sound_model_meets_all_criteria():
    assert model("a").criteria_met() == 5


@pytest.mark.parametrize(
    "change",
    [
        {"mean_abs": 0.4},
        {"mean_abs": 1.01},
        {"geometric_mean": 0.3},
        {"share_zero": 0.3},
        {"share_undetermined": 0.3},
        {"share_undetermined": 1.0, "share_reversed": float("nan")},
        {"share_reversed": 0.5},
        {"abs_arg_mean": 0.5},
    ],
)
def test_each_criterion_can_fail(change):
    assert model("a", **change).criteria_met() == 4


def test_the_worst_seed_counts_before_the_loss():
    models = [
        model("sound", test_loss=0.02),
        model("sound", seed=1, test_loss=0.02),
        model("uneven", test_loss=0.01),
        model("uneven", seed=1, test_loss=0.01, share_reversed=0.5),
    ]
    assert chosen_recipe(models) == "sound"


def test_of_equals_the_lowest_loss_is_chosen():
    assert chosen_recipe([model("a", test_loss=0.02), model("b", test_loss=0.01)]) == "b"


def test_a_model_is_read_from_its_files(tmp_path):
    header = ["latent_dim", "seed", "dataset", "jacobian", "statistic", "value"]
    rows = [[20, 3, "mnist", "input", name, value] for name, value in SOUND.items()]
    rows.append([20, 3, "mnist", "latent", "mean_abs", 9.0])
    with (tmp_path / "statistics.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    (tmp_path / "training.csv").write_text(
        "epoch,train_loss,test_loss,seconds\n1,0.03,0.025,1.0\n2,0.02,0.015,1.0\n"
    )
    found = read_recipe_model("a", tmp_path / "statistics.csv", tmp_path / "training.csv")
    assert (found.latent_dim, found.seed, found.measures) == (20, 3, SOUND)


def test_the_table_names_the_chosen_recipe(tmp_path):
    models = [model("a", test_loss=0.02), model("b", test_loss=0.01)]
    write_comparison(models, tmp_path / "recipes.csv", tmp_path / "recipes.md")
    rows = list(csv.DictReader((tmp_path / "recipes.csv").open()))
    assert [row["recipe"] for row in rows] == ["a", "b"]
    assert float(rows[0]["test_loss"]) == 0.02
    readable = (tmp_path / "recipes.md").read_text()
    assert "**b** (chosen)" in readable
    assert "**a**" not in readable


def test_the_figure_has_a_dot_for_each_model_and_measure():
    models = [model("a"), model("a", seed=1), model("b", test_loss=0.01)]
    figure = draw_recipes(models)
    for axes, (measure, label) in zip(figure.axes, PANELS, strict=True):
        assert axes.get_xlabel() == label
        assert [line.get_xdata()[0] for line in axes.lines] == [
            found.measures[measure] for found in models
        ]
