"""Agreements between buyer and operator, the licences they give rise to, and their review."""
