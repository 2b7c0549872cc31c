"""Options for reading recordings, typed and checked. No file is opened here."""
