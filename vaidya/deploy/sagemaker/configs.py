"""The configurations that deployments of one endpoint made: found by name and by tag, thinned out, removed."""

import re

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.deploy.sagemaker.plan import artifact_suffix
from vaidya.deploy.sagemaker.tags import OWNER, read_tags


def is_name_of(endpoint: str, name: str) -> bool:
    """Whether a deployment of this endpoint could have made the name: ENDPOINT-vNUMBER-STAMP, the stamp in digits.

    Another endpoint's name may begin in the same way: `vaidya-vellore`, `vaidya-v2`.
    """
    return re.fullmatch(rf"{re.escape(endpoint)}-v\d+-\d+", name) is not None


def our_configs(endpoint: str, aws: Aws) -> list[str]:
    """Configurations that deployments of this endpoint made, newest first; each carries the endpoint's tag."""
    with explained("listing configurations"):
        pages = aws.sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=f"{endpoint}-v")
        found = [row for page in pages for row in page["EndpointConfigs"]]
    named = [row for row in found if is_name_of(endpoint, row["EndpointConfigName"])]
    ours = [row for row in named if read_tags(row["EndpointConfigArn"], aws).get(OWNER) == endpoint]
    ordered = sorted(ours, key=lambda row: (row["CreationTime"], row["EndpointConfigName"]), reverse=True)
    return [row["EndpointConfigName"] for row in ordered]


def prune(endpoint: str, aws: Aws, *, keep: set[str]) -> list[str]:
    """Remove every configuration of this endpoint but those to keep, with their models and archives."""
    old = [name for name in our_configs(endpoint, aws) if name not in keep]
    for name in old:
        with explained(f"removing the old configuration {name}"):
            remove_config(name, aws)
    return old


def remove_config(name: str, aws: Aws) -> None:
    """A configuration with its model and the model's archive; the archive only where a deployment put it."""
    from botocore.exceptions import ClientError

    try:
        model = aws.sagemaker.describe_model(ModelName=name)
        bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
        if key.endswith(artifact_suffix(name)):
            aws.s3.delete_object(Bucket=bucket, Key=key)
        aws.sagemaker.delete_model(ModelName=name)
    except ClientError as error:
        if not absent(error):
            raise
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=name)
