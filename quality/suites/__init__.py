"""Suites: the checks that every revision of a product is judged by, kept version by version."""
