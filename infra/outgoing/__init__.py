"""The one way in which the service calls addresses that others have named: guarded against calls into networks of ours.

Whoever may enter an address could otherwise let the service call what only the service can reach (server-side request
forgery). So the host is resolved, every address it has is judged, and the connection goes to the very address that was
judged: a name that resolves differently a moment later changes nothing. Redirects are not followed, proxies of the
environment are not used, and the time and the size of an answer are bounded.
"""
