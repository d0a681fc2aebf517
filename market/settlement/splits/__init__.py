"""Who gets which share of an agreement's revenue."""
