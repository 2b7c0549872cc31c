"""Files whose examples pytest does not look for where an extra that they need is not there."""

from importlib.util import find_spec

# Kernels in Triton are written in its language, from their first line on.
NEED_TRITON = ["radarseq/models/engines/cuda/gated_layer.py"]
collect_ignore = [] if find_spec("triton") else NEED_TRITON
