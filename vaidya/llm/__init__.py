"""Prompt and JSON schema -> Generation, in process or through a server."""
