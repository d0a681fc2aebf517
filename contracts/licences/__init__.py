"""Licences: what an agreement lets its buyer do, the tokens that say so, and the counters that bound it."""
