"""Domain events: facts written in the transaction of their effect, delivered in order per subject."""
