"""Public and own evaluation data -> Case, and how to get each set."""
