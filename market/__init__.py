"""The trading floor: participants, delivery, metering, settlement and supervision, and the composition root."""
