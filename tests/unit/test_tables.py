"""Tables I and II: images of what the models make of the points."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up_summary import DATASETS

from jacspec.data.descriptions import Description
from jacspec.figures.samples import CURVE_SIDE, Sample, strip
from jacspec.figures.saving import save_figure
from jacspec.figures.tables import draw_table
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
        dataset: Sample(generator.random((IMAGES, 784), dtype=np.float32), (28, 28))
        for role, dataset in ROLES.items()
        if role != "training"
    }


def strips_of(figure):
    return [axes.images[0].get_array() for axes in figure.axes]


def test_cells_are_the_inputs_and_the_reconstructions(points):
    models = {12: model(12), 2: model(2)}
    figure = draw_table(models, points, roles=ROLES, datasets=DATASETS)
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
            pixels = torch.from_numpy(points[dataset].points).double()
            if latent_dim is not None:
                with torch.no_grad():
                    pixels = model(latent_dim).double()(pixels)
            images = pixels.clamp(0, 1).reshape(IMAGES, 28, 28).numpy()
            strip = strips[3 * row + column]
            for number in range(IMAGES):
                shown = strip[:, 30 * number : 30 * number + 28]
                # Half a level of 255, but for the last bits of sums in another order.
                np.testing.assert_allclose(shown / 255, images[number], rtol=0, atol=0.501 / 255)


def test_strip_is_clipped_with_white_between_the_images():
    points = np.stack([np.full(784, -0.5), np.full(784, 7.0)])
    pixels = strip(Sample(points, (28, 28)), gap=2)
    assert pixels.shape == (28, 58)
    assert (pixels[:, :28] == 0).all()
    assert (pixels[:, 28:] == 255).all()


@pytest.mark.parametrize(
    ("shape", "image_shape", "expected"),
    [
        ((30,), None, (CURVE_SIDE, 2 * CURVE_SIDE + 2)),
        ((3, 4, 5), (3, 4, 5), (4, 12, 3)),
        ((1, 4, 5), (1, 4, 5), (4, 12)),
    ],
)
def test_points_of_any_shape_have_white_between_them(shape, image_shape, expected):
    pixels = strip(Sample(np.zeros((2, *shape)), image_shape), gap=2)
    assert pixels.shape == expected
    middle = (expected[1] - 2) // 2
    assert (pixels[:, middle : middle + 2] == 255).all()
    assert (pixels[:-1, :middle] == 0).all()


def test_a_table_of_vectors_has_curves():
    small = initialized_autoencoder(2, (8,), 0, input_dim=30)
    values = np.random.default_rng(0).uniform(-3, 9, (IMAGES, 30))
    samples = {"mine": Sample(values, None, (-3, 9))}
    datasets = {"mine": Description("Mine", is_image=False)}
    figure = draw_table({2: small}, samples, roles={"dark": "mine"}, datasets=datasets)
    assert figure.axes[0].get_title() == "Mine"
    inputs, outputs = strips_of(figure)
    assert inputs.shape == outputs.shape == (CURVE_SIDE, IMAGES * CURVE_SIDE + 2 * (IMAGES - 1))
    assert set(np.unique(inputs)) == {0, 255}


def test_models_are_left_as_they_were(points):
    autoencoder = model(2)
    result = reconstructions(autoencoder, points["uniform"].points)
    assert result.dtype == np.float64
    assert result.min() < 0
    assert all(parameter.dtype == torch.float32 for parameter in autoencoder.parameters())


def test_images_are_square_and_do_not_overlap(points):
    figure = draw_table({d: model(d) for d in (2, 3)}, points, roles=ROLES, datasets=DATASETS)
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
    narrow = draw_table({1: model(1)}, points, roles={"dark": "bernoulli_0.13"}, datasets=DATASETS)
    wide = draw_table({1: model(1)}, points, roles=ROLES, datasets=DATASETS)
    assert len(narrow.axes) == 2
    assert wide.get_size_inches()[0] == pytest.approx(7.2)
    assert narrow.get_size_inches()[0] < 3.2
    single = {
        dataset: replace(sample, points=sample.points[:1]) for dataset, sample in points.items()
    }
    draw_table({1: model(1)}, single, roles=ROLES, datasets=DATASETS).draw_without_rendering()


def test_nothing_to_draw_is_an_error(points):
    with pytest.raises(ValueError, match="at least one model and one role"):
        draw_table({}, points, roles=ROLES, datasets=DATASETS)
    with pytest.raises(ValueError, match="at least one model and one role"):
        draw_table({2: model(2)}, points, roles={"training": "mnist"}, datasets=DATASETS)


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_same_table_same_bytes(tmp_path, points, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in paths:
        save_figure(draw_table({2: model(2)}, points, roles=ROLES, datasets=DATASETS), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
