"""Revisions: the data of a product, uploaded as files, kept as immutable Parquet, checked for quality."""
