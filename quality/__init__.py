"""Quality: measured by declared checks, scored by GB/T 36344, reported once and for good.

``checks`` and ``score`` are pure. ``engine`` is the only module that imports Great Expectations; it runs in a
child process (``child``) that the worker keeps warm (``runner``). Revisions are opaque ids here: who may read a
report is decided by the floor above.
"""
