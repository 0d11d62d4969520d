"""TriageRecord × Case -> rows: pure metrics that keep their counts, with intervals, cohorts, baselines and a gate."""
