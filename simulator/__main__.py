"""``python -m simulator``: the same commands without the ``shortcode`` command in the way."""

from simulator.cli import main

main()
