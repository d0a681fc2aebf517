"""Waivers: a reviewer lets a revision count as passed for a time, although its report failed."""
