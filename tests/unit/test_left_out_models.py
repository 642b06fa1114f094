"""Figures 1 to 6 without the networks that have learned nothing, and a note that says which."""

import pandas as pd
import pytest
from made_up_summary import COLUMNS, DATASETS, NUMBERS, ROLES, summary_of

from jacspec.figures.drawing import draw_figure


def draw(number, latent_dims, explained):
    """Draw a figure of models that explain the given shares of variance, by (latent_dim, seed)."""
    summary = summary_of(latent_dims, seeds=sorted({seed for _, seed in explained}))
    rows = [
        ("paper", *model, "mnist", "both", "variance_explained", share)
        for model, share in explained.items()
    ]
    summary = pd.concat([summary, pd.DataFrame(rows, columns=COLUMNS)])
    return draw_figure(number, summary, roles=ROLES, datasets=DATASETS)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_network_no_better_than_the_mean_image_is_left_out_and_named(number):
    figure = draw(number, [2, 4], {(2, 0): 0.0, (2, 1): 0.4, (4, 0): 0.5, (4, 1): 0.6})
    assert figure.get_suptitle().endswith(": d = 2 (seed 0).")
    assert draw(number, [4], {(4, 0): 0.5}).get_suptitle() == ""


def test_the_line_of_a_seed_begins_where_its_first_network_that_learned_is():
    figure = draw(4, [2, 4], {(2, 0): 0.0, (4, 0): 0.5})
    dims = {tuple(line.get_xdata()) for axes in figure.axes for line in axes.get_lines()}
    assert dims == {(4,)}


@pytest.mark.parametrize("number", NUMBERS)
def test_where_no_network_learned_anything_all_are_shown(number):
    assert "d = 2 (seed 0)" in draw(number, [2], {(2, 0): 0.0}).get_suptitle()
