"""Mail to people: an outbox written in the transaction of its cause, and sent after the commit until it arrives."""
