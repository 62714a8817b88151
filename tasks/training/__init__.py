"""Data sets, training, export to ONNX and evaluation. Never imported by the server; needs the `training` extra."""
