"""Learning curves: tasks that miss their goal, with fewer objects or speakers in training."""
