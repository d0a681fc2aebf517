"""Everything matched, or named as a break."""
