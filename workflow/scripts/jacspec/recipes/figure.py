"""The comparison of recipes as a picture."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from jacspec.recipes.comparison import RecipeModel, chosen_recipe

PANELS = (
    ("test_loss", "Test loss (MSE)"),
    ("mean_abs", "Arithmetic mean of |λ|"),
    ("geometric_mean", "Geometric mean of |λ|"),
    ("share_reversed", "Share reversed (of determined)"),
    ("share_undetermined", "Share undetermined"),
    ("abs_arg_mean", "Mean |arg λ| (rad)"),
)


def draw_recipes(models: Sequence[RecipeModel]) -> Figure:
    """Draw one panel a measure, one row a recipe, one dot a model; the chosen recipe is heavy."""
    recipes = list(dict.fromkeys(model.recipe for model in models))
    chosen = chosen_recipe(models)
    figure = Figure(figsize=(7.2, 1.2 + 0.42 * len(recipes)), layout="constrained")
    axes = figure.subplots(2, 3, sharey=True)
    for axis, (measure, label) in zip(axes.flat, PANELS, strict=True):
        for model in models:
            axis.plot(
                model.measures[measure],
                recipes.index(model.recipe),
                marker="o",
                markersize=5,
                color="#0072B2" if model.recipe == chosen else "#999999",
                linestyle="none",
            )
        axis.set_xlabel(label, fontsize=8)
        axis.set_yticks(range(len(recipes)), recipes, fontsize=7)
        for text in axis.get_yticklabels():
            text.set_fontweight("bold" if text.get_text() == chosen else "normal")
        axis.tick_params(axis="x", labelsize=7)
        axis.set_xlim(left=0)
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0, 0].invert_yaxis()
    return figure
