"""Recording -> Findings: coughs, breaths and other sounds, and whether sound has earned any weight.

An encoder turns two-second clips into vectors (`yamnet`, `hear`, `spectral`, `opensmile`); an event head turns a vector
into a probability a label; a probe turns it into a signal, which counts for nothing until its card proves that it
beats loudness (`weight`). `load_listener` puts them together.
"""
