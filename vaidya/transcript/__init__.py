"""Recording -> Transcript: what was said, natively and in English, and whether it can be relied on."""
