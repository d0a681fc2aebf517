"""Prices as executable rules: exact money, price models, quotes, price plans, regulated purposes."""
