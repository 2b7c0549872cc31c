"""Names of the features, for settings; without torch, so that the command line can import them."""

RADAR_FEATURES = ("iq", "log_magnitude", "increment", "level", "spectrum")
FEATURE_NAMES = (*RADAR_FEATURES, "value")
LOG_MEL, LOG_MEL_CHANGE = "log_mel", "log_mel_change"
FRAME_FEATURES = (LOG_MEL, LOG_MEL_CHANGE)
