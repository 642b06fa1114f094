"""Images inside the page: points side by side, as a PNG file in base64."""

import base64
import io

import numpy as np
from PIL import Image

SIDE = 28


def strip_png(pixels: np.ndarray) -> str:
    """Return (k, 784) pixels as k images side by side: a grey PNG of 28 by 28 k, in base64.

    Pixels are clipped to [0, 1] and rounded to 256 levels.
    """
    levels = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)
    strip = np.hstack(levels.reshape(-1, SIDE, SIDE))
    file = io.BytesIO()
    Image.fromarray(strip).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
