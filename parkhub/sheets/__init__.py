"""What is printed: each a program that reads words as JSON and writes a PDF. Imports nothing of the server."""
