"""The report: one HTML page with its figures inside, which opens offline."""

from radarseq.report.page import render, write_report
from radarseq.report.pictures import Pictures

__all__ = ["Pictures", "render", "write_report"]
