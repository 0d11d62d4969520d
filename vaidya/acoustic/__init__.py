"""Recording -> Findings: coughs, breaths and other sounds, and whether sound has earned any weight."""
