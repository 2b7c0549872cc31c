"""Commands, one verb a file: arguments in, one call of the library, results printed."""
