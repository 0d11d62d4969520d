"""Rows and outcomes -> figures and one static HTML page, readable on a phone and without colour vision."""
