"""The paper's Figures 1 to 6 as panels, from the summary."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacspec.figures.marks import Styles, box_pair, boxes, lines, share_bars
from jacspec.figures.panels import RANDOM_MATRIX, Axis, Boxes, Mark, Panel, Part, Picture
from jacspec.figures.selection import Ends, Selection
from jacspec.figures.style import JACOBIAN_NAMES, tint

# Width and height in inches; 7.2 is the text width of a two-column page.
SIZES = {
    1: (7.2, 5.0),
    2: (7.2, 5.8),
    3: (7.2, 6.6),
    4: (7.2, 3.6),
    5: (7.2, 4.4),
    6: (7.2, 5.0),
}
ROLES = ("training", "bright", "moderate", "dark")
QUARTERS = tuple(zip(np.arange(5) * math.pi / 4, ("0", "π/4", "π/2", "3π/4", "π"), strict=True))
# From the angle 0 to π, as in the boxes above the strip, ever stronger.
KINDS = {"positive": ("λ > 0", 0.25), "complex": ("not real", 0.6), "negative": ("λ < 0", 1.0)}
GREY = "#444444"


def differences(
    selection: Selection, styles: Styles, roles: Mapping[str, str]
) -> tuple[Panel, ...]:
    """Return Figure 1: squared distance of the two spectra of a point, divided by d.

    The axis is logarithmic. Quantiles of exactly 0, as where a point and its reconstruction switch
    on the same units, lie at its lower end.
    """

    def marks_from(floor: float) -> dict[str, tuple[Boxes]]:
        return {
            name: (boxes(selection, name, "both", "difference", styles[name].color, floor),)
            for name in roles.values()
        }

    heights = np.concatenate([mark.extent for (mark,) in marks_from(0.0).values()])
    floor = 10.0 ** math.floor(math.log10(min(heights[heights > 0], default=1e-3)))
    marks = marks_from(floor)
    label = "‖λ(J_I) − λ(J_L)‖² / d"
    axis = Axis.spanning(label, marks.values(), heights=[floor], logarithmic=True)
    return _of_roles(1, selection, styles, roles, {name: [(axis, marks[name])] for name in marks})


def means(selection: Selection, styles: Styles) -> tuple[Panel, ...]:
    """Return Figure 2: arithmetic and geometric means of |λ| for both Jacobians."""
    names = {"mean_abs": "arithmetic mean of |λ|", "geometric_mean": "geometric mean of |λ|"}
    marks = {
        (statistic, jacobian): lines(selection, styles, jacobian, statistic)
        for statistic in names
        for jacobian in JACOBIAN_NAMES
    }
    axes = {name: Axis.spanning(label, marks.values(), bottom=0) for name, label in names.items()}
    return tuple(
        Panel(
            f"figure_2_{statistic}_{jacobian}",
            f"{JACOBIAN_NAMES[jacobian]}: {names[statistic]}",
            selection.axis,
            (Part(axes[statistic], own),),
        )
        for (statistic, jacobian), own in marks.items()
    )


def moduli(selection: Selection, styles: Styles, roles: Mapping[str, str]) -> tuple[Panel, ...]:
    """Return Figure 3: ln |λ| of both Jacobians, with the share of zeros left out below it."""
    pairs = {dataset: box_pair(selection, dataset, "log_abs") for dataset in roles.values()}
    kinds = {"zero": ("λ = 0", 1.0)}
    zeros = {dataset: share_bars(selection, dataset, kinds) for dataset in roles.values()}
    axis = Axis.spanning("ln |λ| of λ ≠ 0", pairs.values())
    strip = Axis.spanning("share of\nλ = 0", zeros.values())
    strip = Axis(strip.label, (0.0, max(strip.limits[1], 0.01)))
    parts = {name: [(axis, pairs[name]), (strip, zeros[name])] for name in pairs}
    return _of_roles(3, selection, styles, roles, parts)


def deviations(selection: Selection, styles: Styles) -> tuple[Panel, ...]:
    """Return Figure 4: standard deviation of ln |λ| for both Jacobians."""
    marks = {name: lines(selection, styles, name, "log_abs_std") for name in JACOBIAN_NAMES}
    axis = Axis.spanning("standard deviation of ln |λ|, λ ≠ 0", marks.values(), bottom=0)
    return tuple(
        Panel(
            f"figure_4_{jacobian}",
            f"{symbol}: standard deviation of ln |λ|",
            selection.axis,
            (Part(axis, marks[jacobian]),),
        )
        for jacobian, symbol in JACOBIAN_NAMES.items()
    )


def orientation(
    selection: Selection, styles: Styles, ends: Mapping[str, Ends] | None = None
) -> tuple[Panel, ...]:
    """Return Figure 5: share of determined points that reverse orientation, and of undetermined.

    The broken line at one half is what a random matrix would give (Theorem I.3). Where no point is
    determined there is no share of reversed ones, and nothing is drawn. `ends` are those of the
    bands of J_I, by data set, where they are intervals.
    """
    reversed_ = {
        jacobian: lines(
            selection, styles, jacobian, "share_reversed", ends if jacobian == "input" else None
        )
        for jacobian in JACOBIAN_NAMES
    }
    label = "share with det < 0\namong determined"
    axis = Axis.spanning(label, reversed_.values(), bottom=0, heights=[0.5])
    strip = Axis("share\nundetermined", (-0.08, 1.08), ((0.0, "0"), (0.5, "0.5"), (1.0, "1")))
    return tuple(
        Panel(
            f"figure_5_{jacobian}",
            f"{symbol}: orientation reversed",
            selection.axis,
            (
                Part(axis, reversed_[jacobian], level=0.5),
                Part(strip, lines(selection, styles, jacobian, "share_undetermined")),
            ),
        )
        for jacobian, symbol in JACOBIAN_NAMES.items()
    )


def arguments(selection: Selection, styles: Styles, roles: Mapping[str, str]) -> tuple[Panel, ...]:
    """Return Figure 6: |arg λ| of both Jacobians, and the shares of λ by sign, or not real."""
    axis = Axis("|arg λ| of λ ≠ 0 (rad)", (-0.1, 3.25), QUARTERS)
    strip = Axis("share of\nλ ≠ 0", (0.0, 1.0), ((0.0, "0"), (0.5, "0.5"), (1.0, "1")))
    parts = {
        dataset: [
            (axis, box_pair(selection, dataset, "abs_arg")),
            (strip, share_bars(selection, dataset, KINDS)),
        ]
        for dataset in roles.values()
    }
    return _of_roles(6, selection, styles, roles, parts)


def _of_roles(
    number: int,
    selection: Selection,
    styles: Styles,
    roles: Mapping[str, str],
    parts: Mapping[str, Sequence[tuple[Axis, tuple[Mark, ...]]]],
) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            f"figure_{number}_{role}",
            styles[dataset].heading(role),
            selection.axis,
            tuple(Part(*part) for part in parts[dataset]),
        )
        for role, dataset in roles.items()
    )


# Panels of all data sets, and those of the sets with a role.
OF_ALL = {
    2: means,
    4: deviations,
    5: orientation,
}
OF_ROLES = {1: differences, 3: moduli, 6: arguments}


def paper_picture(
    number: int, selection: Selection, styles: Styles, roles: Mapping[str, str]
) -> Picture:
    """Return one of the paper's Figures 1 to 6.

    `roles` names the data sets that have panels in Figures 1, 3 and 6; those of `styles` have lines
    in Figures 2, 4 and 5. Raises JacspecError if the summary lacks a number.
    """
    shown = {role: roles[role] for role in ROLES if role in roles}
    if number in OF_ALL:
        panels = OF_ALL[number](selection, styles)
        return Picture(panels, selection.seeds, level=RANDOM_MATRIX if number == 5 else None)
    panels = OF_ROLES[number](selection, styles, shown)
    shades = [(label, tint(GREY, share)) for label, share in KINDS.values()] if number == 6 else []
    return Picture(panels, selection.seeds, shades=tuple(shades))
