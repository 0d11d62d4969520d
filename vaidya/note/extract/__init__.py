"""Deterministic extractors: what a note must not lose, found in the transcript by rules alone."""
