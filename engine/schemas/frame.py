"""Decoded pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture.

    Attributes
    ----------
    pixels
        uint8, (height, width, 3), RGB, orientation applied; may be smaller than the picture in the
        file (decoded at the scale needed), never with its short side below what was asked for unless
        the picture itself is smaller.
    width, height
        Size of the whole picture in pixels, orientation applied.
    content_type
        MIME type found in the bytes, for example ``image/jpeg``.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    content_type: str
