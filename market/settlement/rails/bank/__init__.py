"""The bank rail: statements (``files``, ``statements``) and what the money on them is for (``entries``)."""
