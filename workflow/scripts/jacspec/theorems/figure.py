"""The measurements of the theorems against the latent dimension, a row of panels a theorem."""

from collections.abc import Iterable, Mapping

from matplotlib.figure import Figure

from jacspec.data.descriptions import Description
from jacspec.figures.marks import Styles, lines
from jacspec.figures.panels import RANDOM_MATRIX, Axis, Panel, Part, Picture
from jacspec.figures.printing import draw_picture
from jacspec.figures.selection import Selection
from jacspec.figures.style import line_styles

SIZE = (7.2, 7.4)
SAME_PATTERN = ("both", "I.1_share_same_pattern")
NO_PATTERNS = "does not apply: no point is known\nto switch on the same units\nat x and y"
# Jacobian and statistic, what stands above the panel, and what beside it.
PANELS = {
    SAME_PATTERN: (
        "I.1: where J_I = J_L exactly",
        "share of points\nwith one pattern at x and y",
    ),
    ("both", "I.1_difference_median_other_pattern"): (
        "I.1: J_I against J_L elsewhere",
        "median distance of spectra\n(rms of matched eigenvalues)",
    ),
    ("latent", "I.2_same_set_share_fails_ordered"): (
        "I.2: J_L at two points of the set",
        "share of pairs\nwith spectra too far apart",
    ),
    ("latent", "I.2_nearest_of_training_set_share_fails_ordered"): (
        "I.2: J_L at a point and the nearest training point",
        "share of pairs\nwith spectra too far apart",
    ),
    ("input", "I.3_share_reversed"): (
        "I.3: orientation by J_I",
        "share with det < 0\namong determined points",
    ),
    ("input", "I.3_argument_distance"): (
        "I.3: arguments of J_I and of a random matrix",
        "distance of distributions\n(Kolmogorov–Smirnov)",
    ),
}


def theorems_picture(selection: Selection, styles: Styles) -> Picture:
    """Return I.1, I.2 and I.3 in two panels each, as far as measured, a line per data set.

    The training set has no pairs with itself but those within. Where no point has one pattern at x
    and y, as with the general engine, which knows of none, a note stands in place of the lines.
    """
    panels = []
    for (jacobian, statistic), (title, label) in PANELS.items():
        shown = {
            dataset: style
            for dataset, style in styles.items()
            if selection.has(dataset, jacobian, statistic)
            and not (style.heavy and "nearest" in statistic)
        }
        if shown:
            applies = (jacobian, statistic) != SAME_PATTERN or has_patterns(selection, shown)
            marks = lines(selection, shown, jacobian, statistic) if applies else ()
            level = 0.5 if statistic == "I.3_share_reversed" else None
            heights = [] if level is None else [level]
            part = Part(Axis.spanning(label, [marks], bottom=0, heights=heights), marks, level)
            note = "" if applies else NO_PATTERNS
            name = f"theorem_{statistic}"
            panels.append(Panel(name, title, selection.axis, (part,), note=note))
    return Picture(tuple(panels), selection.seeds, level=RANDOM_MATRIX)


def has_patterns(selection: Selection, datasets: Iterable[str]) -> bool:
    """Return whether any point of the data sets has one pattern at x and y."""
    return any(
        share > 0
        for dataset in datasets
        for seed in selection.seeds
        for share in selection.values.get((dataset, *SAME_PATTERN, seed), {}).values()
    )


def draw_theorems(
    selection: Selection, datasets: Mapping[str, Description], training_set: str
) -> Figure:
    """Draw the measurements of all models; `datasets` are in the order of the legend."""
    styles = line_styles(datasets, {"training": training_set})
    return draw_picture(theorems_picture(selection, styles), SIZE)
