"""Enforcement: what follows when the data of a product fails again and again, is late or cannot be called for long."""
