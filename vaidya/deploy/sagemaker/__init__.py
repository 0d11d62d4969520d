"""A registered version -> a SageMaker endpoint, and back: planned, carried out with an undo for each step, watched.

`plan` says what would be asked of AWS (pure), `steps` asks it; `configs`, `scaling` and `tags` know what is ours;
`client` talks to what runs, `iam` says who may do what.
"""
