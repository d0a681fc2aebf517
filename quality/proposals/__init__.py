"""Proposed checks of a product's data: what a publisher edits rather than writes. Pure.

What one file holds is no rule for the next: its extremes and the values that happen to occur in it bound nothing.
Ranges and closed lists come from what the dictionary says a column measures and from standard code lists; keys, forms
and the share of blanks from the profile; bands and baselines from how revisions have differed. Each proposal says what
it rests on.
"""
