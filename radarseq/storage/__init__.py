"""Files and folders that are whole or absent, and digests that detect damage."""
