"""Classification of columns: re-gradings and what they stop, and proposals from names and content."""
