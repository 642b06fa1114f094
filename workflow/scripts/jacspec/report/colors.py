"""Colours for a dark page: the same hues, light enough to be seen."""

import colorsys
from collections.abc import Collection, Iterable

from matplotlib.colors import to_hex, to_rgb

# WCAG 2.1, criterion 1.4.11: graphics against what is next to them.
CONTRAST = 3.5
DARK_BACKGROUND = "#14171c"
LIGHTNESS_STEP = 0.02


def dark_counterparts(colors: Iterable[str]) -> dict[str, str]:
    """Return, for each colour, itself or a lighter one of its hue that stands out in the dark.

    Different colours have different counterparts.
    """
    counterparts: dict[str, str] = {}
    for color in sorted(set(colors)):
        counterparts[color] = _lightened(color, taken=counterparts.values())
    return counterparts


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.1), from 1 to 21."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _lightened(color: str, taken: Collection[str]) -> str:
    # Black is the colour of the training set, which is to stand out.
    if color == "#000000":
        return "#ffffff"
    hue, lightness, saturation = colorsys.rgb_to_hls(*to_rgb(color))
    step = LIGHTNESS_STEP
    while contrast(color, DARK_BACKGROUND) < CONTRAST or color in taken:
        # What cannot be lighter, because white is taken, is darker.
        step = -LIGHTNESS_STEP if lightness + step > 1 else step
        lightness += step
        color = to_hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return color


def _luminance(color: str) -> float:
    linear = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in to_rgb(color)
    )
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
