"""Rows -> MLflow run, or plain JSONL for tests."""
