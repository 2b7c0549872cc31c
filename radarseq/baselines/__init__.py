"""Methods that a network has to beat, one kind of task a file. No networks, no verdicts."""
