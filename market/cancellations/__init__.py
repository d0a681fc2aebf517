"""Cancelling a registration: shown with all that it stops, listings and licences alike, and then confirmed."""
