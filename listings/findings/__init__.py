"""Findings: personal information that was detected in the data of a product, and what was decided about it."""
