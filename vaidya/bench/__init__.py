"""The instrument for speed: scenarios, stages, the machine's own limit, and peers side by side."""
