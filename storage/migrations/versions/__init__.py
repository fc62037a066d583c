"""One file per step, numbered; never edited once released."""
