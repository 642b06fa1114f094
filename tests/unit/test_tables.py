"""Tables I and II: images of what the models make of the points."""

import numpy as np
import pytest
import torch

from jacspec.figures.drawing import save_figure
from jacspec.figures.tables import draw_table, image_strip
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.network import reconstructions

pytestmark = pytest.mark.filterwarnings("error")

ROLES = {
    "training": "mnist",
    "bright": "beta_5_0.8",
    "moderate": "uniform",
    "dark": "bernoulli_0.13",
}
IMAGES = 3


def model(latent_dim):
    autoencoder = initialized_autoencoder(latent_dim, (16,), seed=latent_dim)
    with torch.no_grad():
        # Large enough for outputs outside of [0, 1].
        autoencoder.decoder[2].weight *= 10
    return autoencoder


@pytest.fixture
def points():
    generator = np.random.default_rng(0)
    return {
        dataset: generator.random((IMAGES, 784), dtype=np.float32)
        for role, dataset in ROLES.items()
        if role != "training"
    }


def strips_of(figure):
    return [axes.images[0].get_array() for axes in figure.axes]


def test_cells_are_the_inputs_and_the_reconstructions(points):
    models = {12: model(12), 2: model(2)}
    figure = draw_table(models, points, roles=ROLES)
    strips = strips_of(figure)
    assert len(strips) == 3 * 3
    datasets = ["beta_5_0.8", "uniform", "bernoulli_0.13"]
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "Bright: Beta(5, 0.8)",
        "Moderate: Uniform",
        "Dark: Bernoulli(0.13)",
    ]
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["input", "$d=2$", "$d=12$"]
    for row, latent_dim in enumerate([None, 2, 12]):
        for column, dataset in enumerate(datasets):
            pixels = torch.from_numpy(points[dataset]).double()
            if latent_dim is not None:
                with torch.no_grad():
                    pixels = model(latent_dim).double()(pixels)
            images = pixels.clamp(0, 1).reshape(IMAGES, 28, 28).numpy()
            strip = strips[3 * row + column]
            for number in range(IMAGES):
                shown = strip[:, 30 * number : 30 * number + 28]
                # The same products in float64; BLAS may add them up in another order.
                np.testing.assert_allclose(shown, images[number], rtol=0, atol=1e-12)


def test_strip_is_clipped_with_white_between_the_images():
    strip = image_strip(np.stack([np.full(784, -0.5), np.full(784, 7.0)]))
    assert strip.shape == (28, 58)
    assert (strip[:, :28] == 0).all()
    assert (strip[:, 28:] == 1).all()


def test_models_are_left_as_they_were(points):
    autoencoder = model(2)
    result = reconstructions(autoencoder, points["uniform"])
    assert result.dtype == np.float64
    assert result.min() < 0
    assert all(parameter.dtype == torch.float32 for parameter in autoencoder.parameters())


def test_images_are_square_and_do_not_overlap(points):
    figure = draw_table({d: model(d) for d in (2, 3)}, points, roles=ROLES)
    figure.draw_without_rendering()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert boxes[0].width / boxes[0].height == pytest.approx((3 * 28 + 2 * 2) / 28)
    for number, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[number + 1 :])
        labels = [figure.axes[number].title, figure.axes[number].yaxis.label]
        for label in labels:
            extent = label.get_window_extent()
            assert not label.get_text() or not any(extent.overlaps(box) for box in boxes)
            assert figure.bbox.contains(extent.x0, extent.y0) or not label.get_text()


def test_fewer_roles_models_and_images(points):
    narrow = draw_table({1: model(1)}, points, roles={"dark": "bernoulli_0.13"})
    wide = draw_table({1: model(1)}, points, roles=ROLES)
    assert len(narrow.axes) == 2
    assert wide.get_size_inches()[0] == pytest.approx(7.2)
    assert narrow.get_size_inches()[0] < 3.2
    single = {dataset: pixels[:1] for dataset, pixels in points.items()}
    draw_table({1: model(1)}, single, roles=ROLES).draw_without_rendering()


def test_nothing_to_draw_is_an_error(points):
    with pytest.raises(ValueError, match="at least one model and one role"):
        draw_table({}, points, roles=ROLES)
    with pytest.raises(ValueError, match="at least one model and one role"):
        draw_table({2: model(2)}, points, roles={"training": "mnist"})


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_same_table_same_bytes(tmp_path, points, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in paths:
        save_figure(draw_table({2: model(2)}, points, roles=ROLES), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
