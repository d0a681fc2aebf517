"""The price formation that public data is subject to."""
