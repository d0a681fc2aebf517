"""Stops: the one way in which a link of the chain is broken, and mended.

Every licence carries the ids of all links above it (agreement, product, authorisation, parties …). A call is
admitted only while none of them has an active stop, and the admission function reads this table under the
licence's lock. So one row stops everything that hangs below a link, on every node, from its commit on.

A suspension is nothing but an active stop: it is no status of the thing, so that what else happens to the thing (it is
withdrawn, it expires, another organisation stops it too) never keeps the placer from lifting it. What ends a thing for
good places a final stop, which nobody lifts.

A stop may be placed ahead: it counts from ``begins_at`` on. What ends at a known instant (the validity of a
registration) so ends exactly then, for every reader, whether or not a worker runs.
"""
