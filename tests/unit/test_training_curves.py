"""The chart of the losses while training."""

import numpy as np
import pytest
from plotly.colors import hex_to_rgb

from jacspec.key import ModelKey
from jacspec.report.training_curves import training_chart


@pytest.fixture
def history(tmp_path):
    """Return a function that writes a history of some epochs, whose losses are 1 / epoch."""

    def write(epochs: int):
        path = tmp_path / f"{epochs}.csv"
        lines = [f"{epoch},{1 / epoch!r}\n" for epoch in range(1, epochs + 1)]
        path.write_text("epoch,test_loss\n" + "".join(lines))
        return path

    return write


def traces(keys, histories):
    return training_chart(keys, histories).figure.data


@pytest.mark.parametrize(("epochs", "shown"), [(1, 1), (100, 100), (101, 51), (300, 101)])
def test_a_curve_has_about_a_hundred_epochs_with_the_first_and_the_last(history, epochs, shown):
    (trace,) = traces([ModelKey("paper", 2, 0)], [history(epochs)])
    assert (trace.x[0], trace.x[-1], len(trace.x)) == (1, epochs, shown)
    np.testing.assert_allclose(np.multiply(trace.x, trace.y), 1.0)
    # A line of one point would not be seen.
    assert trace.mode == ("markers" if epochs == 1 else "lines")


def test_models_that_were_trained_elsewhere_have_no_curve(history):
    keys = [ModelKey("paper", 2, 0), ModelKey("paper", 3, 0)]
    (trace,) = traces(keys, [history(0), history(2)])
    assert trace.name == "d = 3, seed 0"


def test_curves_are_darker_with_larger_latent_dimensions(history):
    dims = (20, 2, 8)
    curves = traces([ModelKey("paper", dim, 1) for dim in dims], [history(2)] * 3)
    brightness = {
        dim: sum(hex_to_rgb(trace.line.color)) for dim, trace in zip(dims, curves, strict=True)
    }
    assert brightness[2] > brightness[8] > brightness[20]
