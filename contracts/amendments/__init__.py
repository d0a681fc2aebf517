"""Amendments of authorisations: previewed, proposed, signed by every side, and in effect with the last signature."""
