"""Recognition at the camera: states and reads leave it instead of pictures. Needs the extra `edge`; see WIRE.md."""
