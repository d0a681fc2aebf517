"""Closing periods into invoices."""
