"""What figures show, as data: matplotlib draws it for print, and Plotly the same for the page.

Texts are plain, with J_I, J_L, λ and d, which each of the two sets in its own way.
"""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jacspec.figures.style import HUES, SCORE, LineStyle

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


@dataclass(frozen=True)
class Line:
    """The mean over seeds `y` (k,) of a statistic at latent dimensions `x` (k,).

    The band from `low` (k,) to `high` (k,) is that of all seeds. `member` is what it is of: a data
    set or a score.
    """

    member: str
    style: LineStyle
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def extent(self) -> np.ndarray:
        """All heights that are drawn."""
        return np.concatenate([self.low, self.high])


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


Mark = Line | Boxes | Bars


@dataclass(frozen=True)
class Axis:
    """A vertical axis; without `ticks`, each a height and a text, a drawer finds its own."""

    label: str
    limits: tuple[float, float]
    ticks: tuple[tuple[float, str], ...] = ()
    logarithmic: bool = False

    @classmethod
    def spanning(
        cls,
        label: str,
        marks: Iterable[Sequence[Mark]],
        *,
        bottom: float | None = None,
        heights: Sequence[float] = (),
        logarithmic: bool = False,
    ) -> "Axis":
        """Return one axis for the marks of several panels.

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
class Part:
    """A vertical axis and the marks along it; `level` is the height of a broken line, if any."""

    axis: Axis
    marks: tuple[Mark, ...]
    level: float | None = None


@dataclass(frozen=True)
class Panel:
    """A panel over the latent dimensions: the main part first, then the strip below, if any."""

    name: str
    title: str
    latent_dims: tuple[int, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Picture:
    """The panels of a figure, row by row, and what a printed legend says besides names.

    `level` says what the broken lines are, `shades` have a name and a colour each.
    """

    panels: tuple[Panel, ...]
    seeds: tuple[int, ...]
    columns: int = 2
    level: str | None = None
    shades: tuple[tuple[str, str], ...] = ()

    @property
    def styles(self) -> dict[str, LineStyle]:
        """The styles of all lines, by member."""
        return {
            mark.member: mark.style
            for panel in self.panels
            for mark in panel.parts[0].marks
            if isinstance(mark, Line)
        }


def split_by_hue(picture: Picture) -> Picture:
    """Return a picture with a column of panels for each hue if its data sets are too many for one.

    What was a panel is a row then, and the training set is in every column.
    """
    styles = {member: own for member, own in picture.styles.items() if own.hue != SCORE}
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


def ticks_of(latent_dims: Sequence[int], most: int) -> list[int]:
    """Return the latent dimensions that get a tick, every second one, say, if they are many."""
    return list(latent_dims[:: -(-len(latent_dims) // most)])


def smallest_gap(latent_dims: Sequence[int]) -> float:
    """Return the smallest distance between two latent dimensions; 1 if there is only one."""
    return float(min(np.diff(latent_dims), default=1))


def list_of_seeds(seeds: Sequence[int]) -> str:
    """Return ``seed 1`` or ``seeds 1, 2, 3``."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
