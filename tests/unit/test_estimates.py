"""What a job of one model asks for: enough, and at most three times what it needs."""

from math import ceil

import pytest
import yaml
from snakemake.utils import update_config

from sweep.configuration import without_removed
from sweep.estimates import ModelJob
from sweep.grid import Grid


@pytest.fixture
def job(project, config):
    """Return a function that gives the job of a model of a sweep."""

    def make(overlay=None, *, latent_dim=20, **changes):
        if overlay:
            update_config(config, yaml.safe_load((project / f"config/{overlay}.yaml").read_text()))
        config.update(changes)
        without_removed(config)
        grid = Grid.of(config)
        return ModelJob(grid, grid.variants["paper"], latent_dim)

    return make


def minutes_of_spectra(job):
    return [
        job.spectra(dataset, shard)
        for dataset in job.grid.datasets
        for shard in job.grid.shards(dataset)
    ]


def minutes(job):
    return job.training() + sum(minutes_of_spectra(job)) + job.reduction()


# Seconds of a core: measured on the test cluster for the quick sweep, put together from what was
# measured of its parts (docs/cluster.md) for the others.
@pytest.mark.parametrize(
    ("overlay", "latent_dim", "needed"),
    [
        ("quick", 2, 47),
        ("quick", 20, 62),
        ("ten_thousand_points", 2, 600),
        ("ten_thousand_points", 20, 635),
        (None, 2, 680),
        (None, 20, 910),
    ],
)
def test_request_is_enough_and_at_most_three_times_the_need(job, overlay, latent_dim, needed):
    """In whole minutes, as clusters count."""
    asked = minutes(job(overlay, latent_dim=latent_dim))
    assert needed < 60 * asked <= 3 * 60 * ceil(needed / 60)


@pytest.mark.parametrize("shard_size", [70_000, 3000, 250])
def test_shards_change_the_request_by_their_steps_only(job, shard_size):
    whole = minutes_of_spectra(job(shard_size=70_000))
    cut = job(shard_size=shard_size)
    steps = sum(len(cut.grid.shards(dataset)) for dataset in cut.grid.datasets)
    more = (steps - len(cut.grid.datasets)) * 3 / 60
    assert sum(minutes_of_spectra(cut)) == pytest.approx(sum(whole) + more, abs=1)
    assert min(minutes_of_spectra(cut)) >= 0


def test_a_step_in_a_job_of_its_own_asks_for_the_start_too(job):
    alone = job("quick")
    assert alone.spectra_alone("mnist", 0) == 2
    assert alone.reduction_alone() == alone.reduction() + 1
    assert alone.training() == 2


def test_singular_values_ask_for_their_share_of_the_spectra(job):
    with_them = job(detection={"singular_values": True})
    without = job(detection={"singular_values": False})
    shards = [
        with_them.singular_values(dataset, shard)
        for dataset in with_them.grid.datasets
        for shard in with_them.grid.shards(dataset)
    ]
    spectra = minutes_of_spectra(without)
    assert sum(shards) == pytest.approx(1.3 * sum(spectra), abs=2)
    # What is not a whole minute is asked for by the reduction.
    assert minutes(with_them) + sum(shards) - minutes(without) == pytest.approx(
        1.3 * sum(spectra), abs=2
    )
    assert with_them.singular_values_alone("mnist", 0) == 2


def test_larger_networks_ask_for_more(job, config):
    small = minutes(job())
    wide = minutes(job(autoencoder={**config["autoencoder"], "hidden_widths": [1024, 64, 32]}))
    assert ceil(small * 6) < wide < small * 9


def test_last_shard_is_not_counted_beyond_its_points(job):
    short = job(samples=1001, shard_size=1000)
    even = job(samples=1000, shard_size=500)
    assert short._spectra_end("mnist") == pytest.approx(even._spectra_end("mnist"), rel=1e-3)
