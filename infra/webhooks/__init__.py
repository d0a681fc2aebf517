"""Webhooks: domain events, signed as the Standard Webhooks specification says and sent to addresses of organisations.

An event becomes one delivery for each endpoint that wants it and whose organisation may read it, in the transaction
that completes the event for this subscriber. Deliveries are sent by the worker, apart for each endpoint, and tried
again on a schedule. See https://www.standardwebhooks.com.
"""
