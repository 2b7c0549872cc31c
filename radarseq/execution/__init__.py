"""Runs tasks on threads or on a cluster's workers. No radar, no files of its own."""
