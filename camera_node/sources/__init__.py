"""Where pictures come from: one file per kind of source, each a generator of ``Picture``."""
