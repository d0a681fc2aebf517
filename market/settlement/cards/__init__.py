"""The card rail: Stripe."""
