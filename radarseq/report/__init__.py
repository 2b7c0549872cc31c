"""The report: one HTML page with its figures inside, which opens offline."""

from radarseq.report.capture_views import CaptureView, capture_view
from radarseq.report.page import ReportContent, render, write_report
from radarseq.report.pictures import Pictures

__all__ = ["CaptureView", "Pictures", "ReportContent", "capture_view", "render", "write_report"]
