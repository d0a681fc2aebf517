"""Price plans: immutable versions of what an operator asks for its data."""
