"""Settings that a user gives for reading recordings. Typed and checked; nothing is read here."""
