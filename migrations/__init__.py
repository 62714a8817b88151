"""The schema, step by step; each file runs once, on SQLite and PostgreSQL alike."""
