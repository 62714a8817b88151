"""The one error of recognition at the camera."""


class EdgeError(Exception):
    """It cannot be recognised here now; a sentence that says why and what to do."""
