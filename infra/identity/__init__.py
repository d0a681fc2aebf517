"""Who takes part: organisations, people, programs, their memberships, credentials, sessions and evidence.

Plumbing: it keeps who is who and checks credentials. Which party may do what, and how one joins, is decided by
``market.participants``.
"""
