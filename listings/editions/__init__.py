"""Editions: what a published product says and offers changes by a reviewed edition, and every one is kept."""
