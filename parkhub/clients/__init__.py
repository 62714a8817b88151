"""One file per outside system: its Protocol, the real one, a local stand-in."""
