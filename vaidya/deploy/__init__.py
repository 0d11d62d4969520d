"""Registered model -> the SageMaker container contract, served locally or on AWS."""
