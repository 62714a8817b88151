"""arq jobs, thin: load by id, call an engine or a service."""
