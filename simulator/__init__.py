"""Handsets, and later scenarios: people with telephones, who know the operator only through the wire.

Nothing in here imports another room of the project, so that smpplib and the gateway's own SMPP core check
each other on every end-to-end test (docs/decisions).
"""
