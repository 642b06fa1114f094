"""How a figure becomes a file, and the note above it: what all pictures have in common.

Apart from the figures themselves, so that an edit of one draws no other again.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from jacspec.atomic import replacing
from jacspec.figures.style import study_style
from jacspec.key import ModelKey
from jacspec.statistics.collapsed_models import left_out_note

NOTE_COLOR = "#555555"
# Without dates and program names, the same figure gives the same bytes.
METADATA = {"pdf": {"CreationDate": None}, "png": {"Software": None}}


@study_style()
def note_left_out(figure: Figure, collapsed: Sequence[ModelKey]) -> None:
    """Say above a figure which models, if any, it leaves out because they have learned nothing."""
    if collapsed:
        figure.suptitle(left_out_note(collapsed), fontsize="x-small", color=NOTE_COLOR)


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure to `path`, whole or not at all, as PDF or PNG by its suffix.

    The same figure gives the same bytes. Raises ValueError for another suffix.
    """
    file_format = Path(path).suffix.removeprefix(".")
    if file_format not in METADATA:
        raise ValueError(f"{path}: figures are written as {' or '.join(METADATA)}")
    with study_style(), replacing(path) as temporary:
        figure.savefig(temporary, format=file_format, metadata=METADATA[file_format])
