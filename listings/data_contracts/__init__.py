"""Data contracts: what a product promises of its data, in the Open Data Contract Standard (ODCS) v3.1, both ways."""
