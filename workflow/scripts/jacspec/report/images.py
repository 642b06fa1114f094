"""Images inside the page: points side by side, as a PNG file in base64."""

import base64
import io

from PIL import Image

from jacspec.figures.samples import Sample, strip


def strip_png(sample: Sample) -> str:
    """Return points side by side as a PNG in base64: images, or curves of the values of vectors."""
    file = io.BytesIO()
    Image.fromarray(strip(sample)).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
