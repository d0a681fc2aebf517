"""The demo: one whole trade, played over HTTP."""
