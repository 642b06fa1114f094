"""Pictures of families that have not been, for tests of what is drawn from them."""

import numpy as np

from jacspec.families.content import FamilyContent
from jacspec.families.figure import ROWS
from jacspec.families.landmarks import Landmark
from jacspec.families.table import FamilyTable
from jacspec.key import ModelKey

KEYS = [ModelKey("paper", dim, seed) for dim in (4, 12) for seed in (0, 1)]
QUANTITIES = [quantity for row in ROWS for quantity in row]
TITLE = "Bernoulli(0.5)"


def table_at(positions):
    rng = np.random.default_rng(0)
    values = rng.random((len(KEYS), len(QUANTITIES), len(positions)))
    return FamilyTable(
        np.array(positions),
        {
            (key, *quantity): np.stack([own, own - 0.1, own + 0.1], axis=1)
            for key, of_key in zip(KEYS, values, strict=True)
            for quantity, own in zip(QUANTITIES, of_key, strict=True)
        },
    )


def landmark(*position):
    return Landmark(TITLE, position, {(KEYS[0], "input", "mean_abs"): 0.7})


def curve_content():
    table = table_at([(0.1,), (0.3,), (0.6,)])
    return FamilyContent(table, ["probability"], [False], [landmark(0.5)])


def map_content():
    table = table_at([(x, y) for x in (1.0, 2.0, 4.0) for y in (0.5, 1.0)])
    return FamilyContent(table, ["alpha", "beta"], [True, False], [landmark(2.0, 0.7)])
