"""What figures show, as data: matplotlib draws it for print, and Plotly the same for the page.

Texts are plain, with J_I, J_L, λ and d, which each of the two sets in its own way.
"""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jacspec.figures.style import HUES, PALETTES, LineStyle

LATENT_DIM_LABEL = "latent dimension d"
RANDOM_MATRIX = "random matrix: 1/2"
# Of the length of an axis, beyond what is drawn.
MARGIN = 0.04
SMALLEST_TOP = 0.01
# More lines than these cannot be told apart in one printed panel, nor more panels side by side.
MOST_LINES = 12
MOST_COLUMNS = 6
# Characters to a line of a label beside narrow panels.
LABEL_LENGTH = 20
# Where places along an axis are no whole numbers, so many have their values written at it.
MOST_WRITTEN = 5


@dataclass(frozen=True)
class Line:
    """A statistic `y` (k,) at `x` (k,), in a band from `low` (k,) to `high` (k,).

    `member` is what it is of: a data set, a score or a latent dimension. A thin line is another one
    of its member, as of a further seed, and has no band.
    """

    member: str
    style: LineStyle
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray
    thin: bool = False

    @property
    def has_band(self) -> bool:
        """Whether there is a band to draw."""
        return not self.thin and bool(np.any(self.high > self.low))

    @property
    def extent(self) -> np.ndarray:
        """All heights that are drawn."""
        return self.y if self.thin else np.concatenate([self.low, self.high])


@dataclass(frozen=True)
class Boxes:
    """Boxes of the first seed at `x` (k,): 5, 25, 50, 75 and 95 % `quantiles` (k, 5).

    `medians` are those of the other seeds, at latent dimensions (j,) and of heights (j,). Of a pair
    of boxes, each has its `offset` from x. What would lie below `foot` lies there.
    """

    member: str
    label: str
    color: str
    offset: float
    width: float
    x: np.ndarray
    quantiles: np.ndarray
    medians: Mapping[int, tuple[np.ndarray, np.ndarray]]
    foot: float

    @property
    def extent(self) -> np.ndarray:
        """All heights that are drawn."""
        others = [heights for _, heights in self.medians.values()]
        return np.concatenate([self.quantiles.ravel(), *others])

    @property
    def cut(self) -> np.ndarray:
        """The latent dimensions of boxes that begin at the foot."""
        return self.x[self.quantiles[:, 0] == self.foot]


@dataclass(frozen=True)
class Bars:
    """Bars of the first seed at `x` (k,), `offset` like boxes, on `bases` (k,)."""

    member: str
    label: str
    color: str
    offset: float
    width: float
    x: np.ndarray
    heights: np.ndarray
    bases: np.ndarray

    @property
    def extent(self) -> np.ndarray:
        """All heights that are drawn."""
        return np.append(self.bases + self.heights, 0.0)


@dataclass(frozen=True)
class Axis:
    """An axis or a scale of colours; without `ticks`, places with texts, a drawer finds its own."""

    label: str
    limits: tuple[float, float]
    ticks: tuple[tuple[float, str], ...] = ()
    logarithmic: bool = False

    @classmethod
    def of_latent_dims(cls, latent_dims: Sequence[int]) -> "Axis":
        """Return the axis of the latent dimensions, with room for a box at each."""
        margin = 0.6 * smallest_gap(latent_dims)
        limits = latent_dims[0] - margin, latent_dims[-1] + margin
        return cls(LATENT_DIM_LABEL, limits, tuple((dim, str(dim)) for dim in latent_dims))

    @classmethod
    def of_steps(cls, label: str, values: np.ndarray, *, logarithmic: bool = False) -> "Axis":
        """Return the axis of `values` (n,), two at least and increasing, with a cell around each.

        A logarithmic one has some of the values written at it.
        """
        first, *_, last = edges_of(values, logarithmic).tolist()
        written = ticks_of(values.tolist(), MOST_WRITTEN) if logarithmic else []
        ticks = tuple((value, f"{value:.2g}") for value in written)
        return cls(label, (first, last), ticks, logarithmic)

    @classmethod
    def spanning(
        cls,
        label: str,
        marks: Iterable[Sequence["Mark"]],
        *,
        bottom: float | None = None,
        heights: Sequence[float] = (),
        logarithmic: bool = False,
    ) -> "Axis":
        """Return one vertical axis for the marks of several panels.

        It begins at `bottom`, if that is given, and takes in `heights`, all positive and finite if
        it is logarithmic.
        """
        values = np.concatenate([*(mark.extent for own in marks for mark in own), [*heights]])
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        if logarithmic:
            low, high = math.log10(low), math.log10(high)
            limits = (low, high + MARGIN * ((high - low) or 1))
            return cls(label, (10.0 ** limits[0], 10.0 ** limits[1]), logarithmic=True)
        if bottom is not None:
            low, high = bottom, max(high, bottom + SMALLEST_TOP)
        margin = MARGIN * ((high - low) or 1)
        return cls(label, (float(low - margin), float(high + margin)))


@dataclass(frozen=True)
class Points:
    """Rings at `x` (k,) and `y` (k,) with a name each; `values` (k,), if given, fill them.

    The `scale` is that of the colours of the values.
    """

    member: str
    color: str
    names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray | None = None
    scale: Axis | None = None

    @property
    def extent(self) -> np.ndarray:
        """All heights that are drawn."""
        return self.y


@dataclass(frozen=True)
class Cells:
    """Values of a statistic (m, n), as colours of a `scale`, in cells around `x` (n,) and `y` (m,).

    `low` and `high` are (m, n). `logarithmic` says whether x and whether y lie on such axes.
    """

    member: str
    scale: Axis
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    logarithmic: tuple[bool, bool]

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """The edges of the cells, (n + 1,) and (m + 1,)."""
        on_x, on_y = self.logarithmic
        return edges_of(self.x, on_x), edges_of(self.y, on_y)


Mark = Line | Boxes | Bars | Points | Cells


@dataclass(frozen=True)
class Part:
    """A vertical axis and the marks along it; `level` is the height of a broken line, if any."""

    axis: Axis
    marks: tuple[Mark, ...]
    level: float | None = None


@dataclass(frozen=True)
class Panel:
    """A panel over a horizontal axis: the main part first, then the strip below, if any.

    `named` are places along the axis that a printed panel names above; a `note` says why there are
    no marks.
    """

    name: str
    title: str
    across: Axis
    parts: tuple[Part, ...]
    named: tuple[tuple[float, str], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """The panels of a figure, row by row, and what a printed legend says besides names.

    `level` says what the broken lines are and `rings` what the points are; `shades` have a name and
    a colour each. Bands are those of all seeds, or `of_first`: of the first, beside thin lines.
    """

    panels: tuple[Panel, ...]
    seeds: tuple[int, ...]
    columns: int = 2
    level: str | None = None
    shades: tuple[tuple[str, str], ...] = ()
    rings: str | None = None
    of_first: bool = False

    @property
    def styles(self) -> dict[str, LineStyle]:
        """The styles of all lines but thin ones, by member."""
        return {
            mark.member: mark.style
            for panel in self.panels
            for mark in panel.parts[0].marks
            if isinstance(mark, Line) and not mark.thin
        }


def split_by_hue(picture: Picture) -> Picture:
    """Return a picture with a column of panels for each hue if its data sets are too many for one.

    What was a panel is a row then, and the training set is in every column.
    """
    styles = {member: own for member, own in picture.styles.items() if own.hue in PALETTES}
    if len(styles) <= MOST_LINES:
        return picture
    by_hue: dict[str, list[str]] = {}
    for member, style in styles.items():
        if not style.heavy:
            by_hue.setdefault(style.hue, []).append(member)
    heavy = [member for member, style in styles.items() if style.heavy]
    columns = cut([by_hue[hue] for hue in HUES if hue in by_hue], MOST_LINES, MOST_COLUMNS)
    panels = [
        _column(panel, [*heavy, *members], styles[members[0]].hue if row == 0 else "")
        for row, panel in enumerate(picture.panels)
        for members in columns
    ]
    return replace(picture, panels=tuple(panels), columns=len(columns))


def _column(panel: Panel, members: Sequence[str], title: str) -> Panel:
    main, *strips = (
        replace(part, marks=tuple(mark for mark in part.marks if mark.member in members))
        for part in panel.parts
    )
    label = textwrap.fill(panel.title, LABEL_LENGTH)
    main = replace(main, axis=replace(main.axis, label=label))
    return replace(panel, title=title, parts=(main, *strips))


def cut(groups: Iterable[Sequence], length: int, most: int) -> list[Sequence]:
    """Cut groups into parts of `length`, longer ones if they would be more than `most` parts."""
    groups = list(groups)
    while True:
        parts = [own[i : i + length] for own in groups for i in range(0, len(own), length)]
        if len(parts) <= max(most, len(groups)):
            return parts
        length += 1


def ticks_of(ticks: Sequence, most: int) -> list:
    """Return the ticks that are drawn: every second one, say, if they are many."""
    return list(ticks[:: max(1, -(-len(ticks) // most))])


def edges_of(centres: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Return the edges (n + 1,) of the cells around n increasing centres, two at least."""
    places = np.log(centres) if logarithmic else centres
    between = (places[1:] + places[:-1]) / 2
    edges = np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])
    return np.exp(edges) if logarithmic else edges


def smallest_gap(latent_dims: Sequence[int]) -> float:
    """Return the smallest distance between two latent dimensions; 1 if there is only one."""
    return float(min(np.diff(latent_dims), default=1))


def list_of_seeds(seeds: Sequence[int]) -> str:
    """Return ``seed 1`` or ``seeds 1, 2, 3``."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
