"""How data sets, Jacobians and pages look, the same in every figure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, product

import matplotlib
from matplotlib.colors import to_rgb

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

MODULUS = r"|\,\lambda\,|"
JACOBIAN_SYMBOLS = {"input": r"$J_{\mathcal{I}}$", "latent": r"$J_{\mathcal{L}}$"}
JACOBIAN_COLORS = {"input": "#0077bb", "latent": "#cc3311"}

TINT = 0.28

# Blue, teal and orange stay apart in every common colour vision deficiency; within a hue,
# lightness, dashes and markers tell the data sets apart. Sets of unknown brightness, and those that
# have none, are purple.
NO_IMAGES = "no images"
_PURPLES = ("#882288", "#bb5599", "#664477", "#dd99cc", "#aa88cc")
PALETTES = {
    "training": ("#000000",),
    "bright": ("#cc3311", "#ee7733", "#ddaa33", "#99400f", "#f4a582"),
    "moderate": ("#00463f", "#009988", "#66ccbb", "#668a90", "#a9c4c0"),
    "dark": ("#1f2a80", "#0077bb", "#55aaee", "#5566bb", "#99bbdd"),
    "other": _PURPLES,
    NO_IMAGES: _PURPLES,
}
DASHES = {
    "training": "-",
    "bright": (0, (4, 1.2)),
    "moderate": "-",
    "dark": (0, (1.2, 0.8)),
    "other": (0, (5, 1.2, 1.2, 1.2)),
    NO_IMAGES: (0, (5, 1.2, 1.2, 1.2)),
}
# For hues of more sets than have a colour and a marker of their own.
MORE_DASHES = ((0, (1, 3)), (0, (8, 2)), (0, (8, 2, 1, 2)), (0, (3, 3)))
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
    """Look of one data set in every figure."""

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


def tint(color: str) -> tuple[float, float, float]:
    """Return a light, opaque shade of a colour, for areas with an edge of that colour."""
    return tuple(1 - TINT * (1 - channel) for channel in to_rgb(color))


def line_styles(
    datasets: Mapping[str, Description], roles: Mapping[str, str]
) -> dict[str, LineStyle]:
    """Return one distinguishable style a data set; the hue hints at the mean of its pixels.

    `roles` names the training, the bright, the moderate and the dark set, as far as there are any.
    They have the strongest colour of their hue. Up to 350 sets of one hue differ in their looks.
    """
    members: dict[str, list[str]] = {hue: [] for hue in PALETTES}
    for dataset in sorted(datasets, key=lambda dataset: dataset not in roles.values()):
        members[_hue(dataset, datasets[dataset], roles)].append(dataset)
    colors = {
        dataset: color
        for hue, group in members.items()
        for dataset, color in zip(group, cycle(PALETTES[hue]), strict=False)
    }
    styles: dict[str, LineStyle] = {}
    looks = set()
    for index, (dataset, description) in enumerate(datasets.items()):
        hue, color = _hue(dataset, description, roles), colors[dataset]
        # Beginning with a marker of its own, the first look of this colour that is not taken.
        markers = [*MARKERS[index % len(MARKERS) :], *MARKERS[: index % len(MARKERS)]]
        possible = product((DASHES[hue], *MORE_DASHES), markers)
        dashes, marker = next(look for look in possible if (color, *look) not in looks)
        looks.add((color, dashes, marker))
        styles[dataset] = LineStyle(description.title, color, dashes, marker, hue)
    return styles


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
