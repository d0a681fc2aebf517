"""Listings: what is held, on what right, who may offer it, as which product, and how it is found."""
