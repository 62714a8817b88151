"""All SQL. Rows go in, domain values come out; nothing here decides or commits."""
