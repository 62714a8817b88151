"""Vehicles in whole pictures, by detectors of several families."""
