"""Invoices paid, revenue split, refunds."""
