"""Plates in pictures: find, straighten, read, vote."""
