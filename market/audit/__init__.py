"""The audit log over HTTP, with the parties named."""
