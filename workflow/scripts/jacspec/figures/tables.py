"""Tables I and II: reconstructions of the representative data sets at every latent dimension."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jacspec.data.descriptions import Description
from jacspec.figures.samples import Sample, strip
from jacspec.figures.style import TEXT_WIDTH, line_styles, study_style
from jacspec.models.evaluable import Evaluable
from jacspec.models.network import Network, reconstructions

COLUMNS = ("bright", "moderate", "dark")
# Inches.
LABEL_WIDTH = 0.5
HEADING_HEIGHT = 0.25
STRIP_GAP = 0.1
ROW_GAP = 0.03
INPUT_ROW_GAP = 0.1
# Pixels of white between two images.
IMAGE_GAP = 2


def draw_table(
    models: Mapping[int, Network | Evaluable],
    samples: Mapping[str, Sample],
    *,
    roles: Mapping[str, str],
    datasets: Mapping[str, Description],
    width: float = TEXT_WIDTH,
) -> Figure:
    """Draw the reconstructions of a few points of each representative data set, a row per model.

    `models` maps latent dimensions to models of one seed, `samples` data sets to points, and
    `roles` the roles `bright`, `moderate` and `dark`, as far as there are any, to data sets, which
    `datasets` describes. The row above the models shows the points themselves. Reconstructions are
    computed in float64, and clipped to the range of the values for display only. `width` is that of
    all three columns in inches; the height follows from the number of rows. Raises ValueError if
    there is nothing to draw.
    """
    columns = {role: samples[roles[role]] for role in COLUMNS if role in roles}
    if not models or not columns:
        raise ValueError("a table needs at least one model and one role")
    rows = {"input": columns}
    for latent_dim in sorted(models):
        rows[f"$d={latent_dim}$"] = {
            role: replace(sample, points=reconstructions(models[latent_dim], sample.points))
            for role, sample in columns.items()
        }
    styles = line_styles(datasets, roles)
    titles = [styles[roles[role]].heading(role) for role in columns]
    with study_style():
        return _draw_grid(rows, titles, (width - LABEL_WIDTH) / len(COLUMNS) - STRIP_GAP)


def _draw_grid(
    rows: Mapping[str, Mapping[str, Sample]], titles: Sequence[str], strip_width: float
) -> Figure:
    strips = {
        label: [strip(sample, gap=IMAGE_GAP) for sample in row.values()]
        for label, row in rows.items()
    }
    pixel_height, pixel_width = next(iter(strips.values()))[0].shape[:2]
    strip_height = strip_width * pixel_height / pixel_width
    width = LABEL_WIDTH + len(titles) * (strip_width + STRIP_GAP)
    height = HEADING_HEIGHT + INPUT_ROW_GAP + len(rows) * (strip_height + ROW_GAP)
    figure = Figure(figsize=(width, height))
    top = height - HEADING_HEIGHT
    for index, (label, row) in enumerate(strips.items()):
        bottom = top - strip_height - index * (strip_height + ROW_GAP) - (index > 0) * INPUT_ROW_GAP
        for column, pixels in enumerate(row):
            left = LABEL_WIDTH + column * (strip_width + STRIP_GAP)
            box = (left / width, bottom / height, strip_width / width, strip_height / height)
            axes = figure.add_axes(box)
            # Not resampled: a PDF keeps the pixels themselves.
            axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="none", aspect="auto")
            _strip_axes(axes)
            if index == 0:
                axes.set_title(titles[column])
            if column == 0:
                axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=4)
    return figure


def _strip_axes(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
