"""Texts from outside in a form that both databases keep."""


def visible(said: str) -> str:
    """Puts a visible sign for what a database cannot keep in a text: NUL, and halves of surrogate pairs."""
    if said.isprintable():
        return said
    whole = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\u2400")
