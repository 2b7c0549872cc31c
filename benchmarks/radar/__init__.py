"""The radar tasks, a file each: what to import, what to train, and the rows that it comes to."""
