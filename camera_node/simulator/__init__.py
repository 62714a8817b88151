"""A made-up car park and the camera over it: its own traffic and its own renderer, the same for the same seed."""
