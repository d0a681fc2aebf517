"""Metering: every call is admitted, recorded and counted before it is answered.

:mod:`~market.metering.group_commit` collects calls into batches, the database function ``admit_calls`` decides each
batch under the licences' locks, and the other modules read what was recorded.
"""
