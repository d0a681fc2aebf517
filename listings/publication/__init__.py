"""Publication: a product is submitted when it is complete, and a regulator approves or returns it (四眼)."""
