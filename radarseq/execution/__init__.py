"""Runs tasks on threads or on a cluster's workers. Knows nothing of radar."""
