"""The grid: which files, and which run of points in each."""

from dataclasses import replace

from jacspec.data.image_sources import Mnist
from jacspec.data.random_sources import Uniform
from jacspec.key import ModelKey
from sweep.grid import Grid
from sweep.variants import Variant

PAPER = Variant("paper", "mnist", {}, {"optimizer": "adam"}, (2, 8), (0, 5, 7))


def grid(**changes) -> Grid:
    axes = {
        "variants": {"paper": PAPER, "other": replace(PAPER, latent_dims=(3,), seeds=(1,))},
        "sources": {
            "mnist": Mnist(name="mnist"),
            "uniform": Uniform(name="uniform", low=0, high=1),
        },
        "samples": 2500,
        "shard_size": 1000,
    }
    return Grid(**{**axes, **changes})


def test_shards_cover_every_point_once():
    points = grid()
    runs = [
        (points.first_point(shard), points.shard_points("uniform", shard))
        for shard in points.shards("uniform")
    ]
    assert runs == [(0, 1000), (1000, 1000), (2000, 500)]


def test_more_samples_change_no_full_shard():
    before, after = grid(samples=2500), grid(samples=3100)
    full = [0, 1]
    assert [before.shard_points("uniform", k) for k in full] == [
        after.shard_points("uniform", k) for k in full
    ]
    assert after.shard_points("uniform", 2) == 1000
    assert list(after.shards("uniform")) == [0, 1, 2, 3]


def test_singular_values_have_shards_only_where_they_are_asked_for():
    key = ModelKey("paper", 8, 5)
    assert grid().singular_values_of_model(key) == []
    shards = grid(singular_values=True, samples=1500).singular_values_of_model(key)
    assert shards == [
        f"results/paper/singular_values/{dataset}/d8_seed5.{shard}.h5"
        for dataset in ("mnist", "uniform")
        for shard in (0, 1)
    ]
    alone = grid(singular_values=True, sources={"mnist": Mnist(name="mnist")})
    assert alone.singular_values_of_model(key) == []


def test_mnist_has_no_more_than_its_images():
    large = grid(samples=100_000, shard_size=70_000)
    assert large.points("mnist") == 70_000
    assert list(large.shards("mnist")) == [0]
    assert list(large.shards("uniform")) == [0, 1]


def test_files_of_a_model():
    assert grid(samples=1500).spectra_of_model(ModelKey("paper", 8, 5)) == [
        "results/paper/spectra/mnist/d8_seed5.0.h5",
        "results/paper/spectra/mnist/d8_seed5.1.h5",
        "results/paper/spectra/uniform/d8_seed5.0.h5",
        "results/paper/spectra/uniform/d8_seed5.1.h5",
    ]


def test_tables_show_the_first_two_seeds():
    assert grid().table_seeds("paper") == {"1": 0, "2": 5}
    assert grid().table_seeds("other") == {"1": 1}


def test_every_variant_has_its_own_models():
    assert [str(key) for key in grid().models("other")] == ["other, d = 3, seed 1"]
    assert len(grid().models()) == 2 * 3 + 1
    assert grid().of_models("{variant}/d{latent_dim}_seed{seed}", "other") == ["other/d3_seed1"]
