"""``shortcode bench``: the figures of docs/reference/benchmarks.md, each against its goal."""
