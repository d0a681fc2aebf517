"""Quotes: a price plan, stated use and the rules in force, turned into money."""
