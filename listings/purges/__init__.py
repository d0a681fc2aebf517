"""Purges: unlawfully published data is destroyed by order of a regulator, under four eyes."""
