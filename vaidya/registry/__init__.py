"""Pipeline -> registered MLflow model, through a gate: card, promote, rollback, audit."""
