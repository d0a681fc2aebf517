"""Reports: what a run found, scored, kept once and for good, and shown to readers."""
