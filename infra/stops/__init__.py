"""Stops: the one way in which a link of the chain is broken, and mended.

Every licence carries the ids of all links above it (agreement, product, authorisation, parties …). A call is
admitted only while none of them has an active stop, and the admission function reads this table under the
licence's lock. So one row stops everything that hangs below a link, on every node, from its commit on.
"""
