"""Review: the regulator opens contracts, keeps its findings, and stops what must stop."""
