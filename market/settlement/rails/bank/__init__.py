"""The bank rail: camt.053 statements and what they pay."""
