"""Statements: taking them in, their order, and what officers approve."""
