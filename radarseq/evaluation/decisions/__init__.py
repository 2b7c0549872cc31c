"""Decisions per recording and per window: fusion, out-of-distribution detection, calibration."""
