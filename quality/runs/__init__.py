"""Runs: a suite of checks applied to a revision by the worker, and what came of it."""
