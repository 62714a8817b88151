"""How sharp a picture is, as a number that is only good for comparing pictures of the same scene."""

import numpy as np
from numpy.typing import NDArray

from camera_node.sources.frame import Frame

CENTRE = 1 / 3
FOCUS_WIDTH = 960


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of ``grey`` (Pech-Pacheco et al., 2000)."""
    import cv2

    if min(grey.shape[:2]) < 3:
        return 0.0
    return float(cv2.Laplacian(grey, cv2.CV_16S).var())


def sharpness_of_centre(frame: Frame) -> float:
    """Return the sharpness of the middle third of a frame, where whoever turns the lens is looking."""
    grey = frame.grey(FOCUS_WIDTH)
    high, wide = grey.shape
    top, left = round(high * (1 - CENTRE) / 2), round(wide * (1 - CENTRE) / 2)
    return sharpness(np.ascontiguousarray(grey[top : high - top, left : wide - left]))
