"""Figures of families as panels: curves over one parameter, maps over two."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from jacspec.families.content import FamilyContent
from jacspec.families.statistics import AUROC, ERROR
from jacspec.families.table import largest_half_width
from jacspec.figures.panels import Axis, Cells, Line, Mark, Panel, Part, Picture, Points
from jacspec.figures.printing import draw_picture
from jacspec.figures.style import JACOBIAN_NAMES, TEXT_WIDTH, LineStyle, latent_dim_styles
from jacspec.key import ModelKey

# Inches.
COLUMN_WIDTH = 1.75
SMALLEST_WIDTH = 4.5
ROW_HEIGHT = 1.66
MARGIN_HEIGHT = 1.0


class FamilyStatistic(NamedTuple):
    """A statistic of a Jacobian, or of the points themselves (`both`)."""

    jacobian: str
    statistic: str

    @property
    def title(self) -> str:
        """The name of the quantity."""
        label = LABELS[self.statistic]
        return f"{JACOBIAN_NAMES[self.jacobian]}: {label}" if self.is_spectral else label

    @property
    def is_spectral(self) -> bool:
        """Whether the statistic is one of a Jacobian."""
        return self.jacobian in JACOBIAN_NAMES


LABELS = {
    "share_reversed": "share reversed",
    "mean_abs": "mean |λ|",
    "abs_arg_mean": "mean |arg λ|",
    "log_abs_std": "std of ln |λ|",
    ERROR: "mean error",
    AUROC: "AUROC of the error",
}
# Statistics between 0 and 1, of which chance gives one half.
SHARES = ("share_reversed", AUROC)
CHANCE = 0.5
# One row of panels each.
ROWS = (
    *(
        (FamilyStatistic("input", statistic), FamilyStatistic("latent", statistic))
        for statistic in ("share_reversed", "mean_abs", "abs_arg_mean", "log_abs_std")
    ),
    (FamilyStatistic("both", ERROR), FamilyStatistic("both", AUROC)),
)


def family_picture(content: FamilyContent) -> Picture:
    """Return curves over the parameter of a family, or maps over its two.

    Bands of curves are 95 % intervals over points, of the first seed; maps, which are of the first
    seed, have half of their largest width beside the scale of colours. Data sets are marked where
    they lie, by what all their points give.
    """
    return _maps(content) if content.is_map else _curves(content)


def draw_family(content: FamilyContent) -> Figure:
    """Draw the curves or maps of a family."""
    picture = family_picture(content)
    width = (
        max(SMALLEST_WIDTH, COLUMN_WIDTH * picture.columns + 1) if content.is_map else TEXT_WIDTH
    )
    return draw_picture(picture, (width, ROW_HEIGHT * len(ROWS) + MARGIN_HEIGHT))


def _curves(content: FamilyContent) -> Picture:
    across = _axis(content, 0)
    styles = latent_dim_styles(content.latent_dims)
    named = tuple((landmark.position[0], landmark.title) for landmark in content.landmarks)
    panels = []
    for row in ROWS:
        marks = {quantity: tuple(_curve_marks(content, quantity, styles)) for quantity in row}
        for quantity, own in marks.items():
            label, is_share = LABELS[quantity.statistic], quantity.statistic in SHARES
            # Both Jacobians have one axis; error and AUROC each have their own.
            spanned = marks.values() if quantity.is_spectral else [own]
            axis = (
                Axis(label, (-0.03, 1.03)) if is_share else Axis.spanning(label, spanned, bottom=0)
            )
            part = Part(axis, own, level=CHANCE if is_share else None)
            names = named if row == ROWS[0] else ()
            panels.append(Panel(_name(quantity), quantity.title, across, (part,), names))
    return Picture(
        tuple(panels),
        tuple(content.seeds),
        level="chance: 1/2",
        rings="data set of the sweep" if content.landmarks else None,
        of_first=True,
    )


def _curve_marks(
    content: FamilyContent, quantity: FamilyStatistic, styles: dict[int, LineStyle]
) -> Iterator[Mark]:
    positions = content.table.positions[:, 0]
    for key in content.table.models:
        member, style = f"d{key.latent_dim}", styles[key.latent_dim]
        thin = key.seed != content.seeds[0]
        if thin:
            style = replace(style, label=f"{style.label}, seed {key.seed}")
        values = content.table.intervals[key, *quantity]
        yield Line(member, style, positions, *values.T, thin)
        known = {} if thin else _values_of_landmarks(content, key, quantity)
        if known:
            places = [one.position[0] for one in content.landmarks if one.title in known]
            heights = np.array([*known.values()])
            yield Points(member, style.color, tuple(known), np.array(places), heights)


def _maps(content: FamilyContent) -> Picture:
    across, upward = _axis(content, 0), _axis(content, 1)
    keys = [key for key in content.table.models if key.seed == content.seeds[0]]
    panels = []
    for row in ROWS:
        for key in keys:
            for quantity in row:
                # Both Jacobians have one scale of colours; error and AUROC each have their own.
                together = row if quantity.is_spectral else [quantity]
                scale = _scale(content, [(one, other) for one in keys for other in together])
                marks = tuple(_map_marks(content, key, quantity, scale))
                name = f"{_name(quantity)}_d{key.latent_dim}"
                title = f"{quantity.title}, d = {key.latent_dim}"
                panels.append(Panel(name, title, across, (Part(upward, marks),)))
    titles = ", ".join(landmark.title for landmark in content.landmarks)
    return Picture(tuple(panels), tuple(content.seeds), columns=2 * len(keys), rings=titles or None)


def _scale(content: FamilyContent, shown: Sequence[tuple[ModelKey, FamilyStatistic]]) -> Axis:
    """Return the scale of colours of some maps of one statistic."""
    values = np.concatenate([content.table.intervals[key, *quantity] for key, quantity in shown])
    statistic = shown[0][1].statistic
    known = values[np.isfinite(values[:, 0]), 0]
    limits = (known.min(), known.max()) if known.size and statistic not in SHARES else (0, 1)
    label = f"{LABELS[statistic]}\n(± {largest_half_width(values):.2g} at most)"
    return Axis(label, (float(limits[0]), float(limits[1])))


def _map_marks(
    content: FamilyContent, key: ModelKey, quantity: FamilyStatistic, scale: Axis
) -> Iterator[Mark]:
    x, y = (np.unique(column) for column in content.table.positions.T)
    # Positions are by x first, and the rows of a map are of one y.
    values = content.table.intervals[key, *quantity].reshape(len(x), len(y), 3).transpose(2, 1, 0)
    member = f"d{key.latent_dim}"
    yield Cells(member, scale, x, y, *values, logarithmic=tuple(content.logarithmic))
    known = _values_of_landmarks(content, key, quantity)
    for of_known, own_scale in ((True, scale), (False, None)):
        landmarks = [one for one in content.landmarks if (one.title in known) == of_known]
        if landmarks:
            names = tuple(landmark.title for landmark in landmarks)
            places = np.transpose([landmark.position for landmark in landmarks])
            values = np.array([known[name] for name in names]) if of_known else None
            yield Points(member, "#ffffff", names, *places, values, own_scale)


def _values_of_landmarks(
    content: FamilyContent, key: ModelKey, quantity: FamilyStatistic
) -> dict[str, float]:
    """Return the values of the data sets that have one, by title."""
    return {
        landmark.title: landmark.values[key, *quantity]
        for landmark in content.landmarks
        if (key, *quantity) in landmark.values
    }


def _axis(content: FamilyContent, place: int) -> Axis:
    values = np.unique(content.table.positions[:, place])
    return Axis.of_steps(content.labels[place], values, logarithmic=content.logarithmic[place])


def _name(quantity: FamilyStatistic) -> str:
    return f"{quantity.statistic}_{quantity.jacobian}"
