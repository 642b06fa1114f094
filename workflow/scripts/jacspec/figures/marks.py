"""What is drawn of a summary: lines, boxes and bars with their numbers."""

import math
from collections.abc import Mapping

import numpy as np

from jacspec.figures.panels import Bars, Boxes, Line, smallest_gap
from jacspec.figures.selection import Ends, Selection
from jacspec.figures.style import JACOBIAN_COLORS, JACOBIAN_NAMES, LineStyle, tint

SIDES = {"input": -1, "latent": 1}
# In units of the smallest gap between latent dimensions: a pair of boxes fills 0.8 of it.
PAIR_WIDTH = 0.36
PAIR_OFFSET = 0.2
SINGLE_WIDTH = 0.6

Styles = Mapping[str, LineStyle]


def lines(
    selection: Selection,
    styles: Styles,
    jacobian: str,
    statistic: str,
    ends: Mapping[str, Ends] | None = None,
) -> tuple[Line, ...]:
    """Return one statistic of every member of `styles`, with the band of the seeds.

    `ends` are intervals to take for those of the band, by member.
    """
    return tuple(
        Line(
            member,
            style,
            *selection.over_seeds(member, jacobian, statistic, (ends or {}).get(member)),
        )
        for member, style in styles.items()
    )


def boxes(
    selection: Selection,
    dataset: str,
    jacobian: str,
    quantity: str,
    color: str,
    floor: float = -math.inf,
) -> Boxes:
    """Return boxes of a quantity, of which nothing lies below `floor`."""
    found = {}
    for seed in selection.seeds:
        x, quantiles = selection.box_quantiles(dataset, jacobian, quantity, seed)
        found[seed] = x, np.maximum(quantiles, floor)
    first, *others = selection.seeds
    gap = smallest_gap(selection.latent_dims)
    return Boxes(
        jacobian,
        JACOBIAN_NAMES.get(jacobian, "J_I and J_L"),
        color,
        SIDES.get(jacobian, 0) * PAIR_OFFSET * gap,
        (PAIR_WIDTH if jacobian in SIDES else SINGLE_WIDTH) * gap,
        *found[first],
        {seed: (found[seed][0], found[seed][1][:, 2]) for seed in others},
        floor,
    )


def box_pair(selection: Selection, dataset: str, quantity: str) -> tuple[Boxes, ...]:
    """Return boxes of a quantity for both Jacobians, side by side."""
    return tuple(
        boxes(selection, dataset, jacobian, quantity, color)
        for jacobian, color in JACOBIAN_COLORS.items()
    )


def share_bars(
    selection: Selection, dataset: str, kinds: Mapping[str, tuple[str, float]]
) -> tuple[Bars, ...]:
    """Return shares of kinds one on the other; of each, a name and the strength of its shade."""
    gap = smallest_gap(selection.latent_dims)
    found = []
    for jacobian, symbol in JACOBIAN_NAMES.items():
        bases = np.zeros(1)
        for kind, (label, strength) in kinds.items():
            x, shares = selection.series(dataset, jacobian, f"share_{kind}", selection.seeds[0])
            color = tint(JACOBIAN_COLORS[jacobian], strength)
            place = SIDES[jacobian] * PAIR_OFFSET * gap, PAIR_WIDTH * gap
            bases = np.broadcast_to(bases, x.shape)
            found.append(Bars(jacobian, f"{symbol}, {label}", color, *place, x, shares, bases))
            bases = bases + shares
    return tuple(found)
