"""Freshness: how often new data was promised, compared with what arrives."""
