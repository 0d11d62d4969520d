"""Transcript, Findings and Vitals -> SoapNote, each statement with its evidence."""
