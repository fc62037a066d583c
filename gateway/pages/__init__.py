"""Web pages for people: the bank's side, a cash terminal, and who is parked. Plain HTML that works without
scripts.
"""
