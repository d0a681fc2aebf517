"""Supervision: what needs the whole picture — a contract's whole file, from right to money."""
