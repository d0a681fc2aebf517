"""Observations: what the service saw of a product by itself, arrivals of data and calls of it."""
