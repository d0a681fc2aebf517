"""Agreements: what a buyer orders, both sides sign, and a licence then carries out."""
