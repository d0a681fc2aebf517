"""Review: the regulator opens contracts, records its findings, and stops what must stop."""
