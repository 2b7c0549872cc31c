"""``python -m radarseq``."""

from radarseq.cli import main

main()
