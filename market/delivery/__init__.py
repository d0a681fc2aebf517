"""Delivery: what a licence opens leaves through here, page by page, each one metered before it is sent."""
