"""ParkHub runs car parks with cameras. ARCHITECTURE.md says which room holds what."""

__version__ = "0.1.0"
