"""Data products: what an operator makes of an authorised resource, with its revisions and review."""
