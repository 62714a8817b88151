"""Engines: pictures in, domain values out. Knows neither database nor Redis nor settings."""
