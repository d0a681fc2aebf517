"""The audit log: an append-only record of every decision, sealed into a Merkle tree (RFC 6962 hashing).

A decision and its entry are written in one transaction. A worker seals entries into the tree in batches and signs
the head, so that appending costs the deciding request nothing.
"""
