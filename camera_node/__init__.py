"""The camera node: takes pictures, signs them, uploads them. Shares no code with the server."""
