"""How data sets, Jacobians and pages look, the same in every figure."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle, pairwise, product

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from jacspec.data.descriptions import Description

RC_PARAMS = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "mathtext.fontset": "stixsans",
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "savefig.dpi": 250,
    # Letters stay letters in a PDF, for search and for journals that refuse Type 3 fonts.
    "pdf.fonttype": 42,
}

JACOBIAN_NAMES = {"input": "J_I", "latent": "J_L"}
JACOBIAN_COLORS = {"input": "#0077bb", "latent": "#cc3311"}

TINT = 0.28
# In inches: the width of the text of a page with two columns.
TEXT_WIDTH = 7.2
BAND_OPACITY = 0.15
LEVEL_COLOR = "#777777"

# Blue, teal and orange stay apart in every common colour vision deficiency; within a hue, shade and
# marker tell the data sets apart. Sets of unknown brightness, and those that have none, are purple.
# After the first five, each colour is the one of its hue that is farthest from those before it, in
# Ottosson's (2020) Oklab.
NO_IMAGES = "no images"
# fmt: off
_PURPLES = (
    "#882288", "#bb5599", "#664477", "#dd99cc", "#aa88cc", "#530b33",
    "#480c80", "#8f54dc", "#f65eab", "#807399", "#db7dfe", "#3d3052",
)
PALETTES = {
    "training": ("#000000",),
    "bright": (
        "#cc3311", "#ee7733", "#ddaa33", "#99400f", "#f4a582", "#3a2c01",
        "#95845c", "#7c1021", "#5b4b24", "#c1908f", "#f44f5d", "#8e6160",
    ),
    "moderate": (
        "#00463f", "#009988", "#66ccbb", "#668a90", "#a9c4c0", "#357153",
        "#37b880", "#71aab0", "#23d891", "#155b41", "#267c84", "#65a281",
    ),
    "dark": (
        "#1f2a80", "#0077bb", "#55aaee", "#5566bb", "#99bbdd", "#295269",
        "#8680f5", "#8182aa", "#043247", "#5039c1", "#0c84fa", "#1157a4",
    ),
    "other": _PURPLES,
    NO_IMAGES: _PURPLES,
}
# fmt: on
# The order in which legends name them. Scores of points have colours of their own, and latent
# dimensions are the darker, the greater they are.
SCORE = "score"
LATENT_DIM = "latent dimension"
HUES = (*PALETTES, SCORE, LATENT_DIM)
LIGHTEST, DARKEST = "#99bbdd", "#1f2a80"
DASHES = {
    "training": "-",
    "bright": (0, (4, 1.2)),
    "moderate": "-",
    "dark": (0, (1.2, 0.8)),
    "other": (0, (5, 1.2, 1.2, 1.2)),
    NO_IMAGES: (0, (5, 1.2, 1.2, 1.2)),
}
# How far from the middle of the range the mean of a set of moderate brightness is at most.
MODERATE_TOLERANCE = 0.02
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "d", "8", "*")


@contextmanager
def study_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and `RC_PARAMS`, whatever a user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC_PARAMS)
        yield


@dataclass(frozen=True)
class LineStyle:
    """Look of one data set, or of one score, in every figure."""

    label: str
    color: str
    dashes: str | tuple
    marker: str
    hue: str

    @property
    def heavy(self) -> bool:
        """Whether the line stands out, as that of the training set does."""
        return self.hue == "training"

    def heading(self, role: str) -> str:
        """Return the title of the panel of a role: ``Bright: Beta(5, 0.8)``.

        Of points that are no images, it is the name alone: brightness does not apply.
        """
        return self.label if self.hue == NO_IMAGES else f"{role.capitalize()}: {self.label}"


def tint(color: str, strength: float = TINT) -> str:
    """Return an opaque mixture of a colour and white: with a `strength` of 1, the colour."""
    return to_hex([1 - strength * (1 - channel) for channel in to_rgb(color)])


def mixed(first: str, second: str, share: float) -> str:
    """Return a mixture of two colours, with a `share` of the second."""
    return to_hex(np.multiply(1 - share, to_rgb(first)) + np.multiply(share, to_rgb(second)))


def latent_dim_styles(latent_dims: Sequence[int]) -> dict[int, LineStyle]:
    """Return one distinguishable style a latent dimension, of those that increase."""
    shares = np.linspace(0, 1, len(latent_dims)) if len(latent_dims) > 1 else [1.0]
    return {
        dim: LineStyle(f"d = {dim}", mixed(LIGHTEST, DARKEST, share), "-", marker, LATENT_DIM)
        for dim, share, marker in zip(latent_dims, shares, cycle(MARKERS[1:]), strict=False)
    }


def line_styles(
    datasets: Mapping[str, Description], roles: Mapping[str, str]
) -> dict[str, LineStyle]:
    """Return one distinguishable style a data set; the hue hints at the mean of its pixels.

    `roles` names the training, the bright, the moderate and the dark set, as far as there are any.
    They have the strongest colour of their hue. No two data sets have one colour.
    """
    hues = {dataset: _hue(dataset, description, roles) for dataset, description in datasets.items()}
    shades = {palette: _shades(palette) for palette in PALETTES.values()}
    colors = {
        dataset: next(shades[PALETTES[hues[dataset]]])
        for dataset in sorted(datasets, key=lambda dataset: dataset not in roles.values())
    }
    return {
        dataset: LineStyle(
            description.title, colors[dataset], DASHES[hues[dataset]], marker, hues[dataset]
        )
        for (dataset, description), marker in zip(datasets.items(), cycle(MARKERS), strict=False)
    }


def _shades(palette: Sequence[str]) -> Iterator[str]:
    """Yield the colours of a palette, then ever finer mixtures of neighbours in it."""
    yield from palette
    for parts in (2**power for power in count(1)):
        for (first, second), part in product(pairwise(palette), range(1, parts, 2)):
            yield mixed(first, second, part / parts)


def _hue(dataset: str, description: Description, roles: Mapping[str, str]) -> str:
    role = next((role for role, name in roles.items() if name == dataset), None)
    if role == "training":
        return role
    if not description.is_image:
        return NO_IMAGES
    if role is not None:
        return role
    brightness = description.brightness
    if brightness is None:
        return "other"
    if abs(brightness - 0.5) <= MODERATE_TOLERANCE:
        return "moderate"
    return "bright" if brightness > 0.5 else "dark"
