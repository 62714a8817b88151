"""Recognition at the camera: states leave it instead of pictures. Needs the extra `edge`; see WIRE.md."""
