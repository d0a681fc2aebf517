"""Uploads as jobs: a file comes in pieces that survive a cut connection, and a worker makes a revision of it.

The bytes that have come are objects of the store, so that any process of any machine goes on where another stopped; how
many there are is a number in the database, raised in the transaction that registers each piece.
"""
