"""Plumbing that knows no feature: database, errors, identity, rulebook, audit, jobs, deployment."""
