"""Error classes, one per kind of mistake, each with its exit status.

Every message names the file or the key, what was found, what was expected, and what to do.
"""

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_DATA = 4
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class RadarseqError(Exception):
    """Failure at run time; base of all errors of radarseq."""

    exit_code = EXIT_FAILURE


class DivergedError(RadarseqError):
    """A loss or a gradient is not a number, or is beyond all bounds."""


class DeviceMemoryError(RadarseqError):
    """The device has too little memory for the request."""


class ProcessGroupError(RadarseqError):
    """Another process of a distributed run has failed, or does not answer."""


class ClusterError(RadarseqError):
    """A cluster's scheduler does not answer, or one of its workers cannot take part."""


class UsageError(RadarseqError, ValueError):
    """The command or call cannot be carried out as it was given."""

    exit_code = EXIT_USAGE


class RecipeError(UsageError):
    """A recipe or a setting has an unknown key or a value that does not fit."""


class OutputError(UsageError):
    """An output folder is in use, or holds something that would be lost."""


class DeviceError(UsageError):
    """The device that was asked for is not there."""


class DataError(RadarseqError):
    """Something that was read is not valid."""

    exit_code = EXIT_DATA


class DatasetError(DataError):
    """A dataset is missing, truncated, altered or malformed."""


class MismatchError(DataError):
    """Data and model do not fit: other steps, axis, interval or features."""


class CheckpointError(DataError):
    """A run or its checkpoint is missing, altered or malformed."""


class EvaluationError(DataError):
    """An evaluation folder is missing, altered or malformed."""


class CaptureError(DataError):
    """A recording cannot be read, or not in the way that was asked for."""
