"""Vitals, red flags, the model's tier and earned sound -> Decision. Nothing lowers a tier; unknown is never ROUTINE."""
