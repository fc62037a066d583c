"""Operator data: numbering, short codes, tariffs, zones. No code; read by ``handlers.base.profile``."""
