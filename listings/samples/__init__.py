"""Samples: drawn by a rule, masked as they are drawn, approved by a second person, carried over to later revisions."""
