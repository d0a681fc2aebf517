"""Booked movements of money: what they are for, and who says so."""
