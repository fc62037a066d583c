"""Web pages for people: the bank's side and a cash terminal. Plain HTML without scripts."""
