"""What a deployment writes on the things that it makes: whose they are, which version, what served before."""

from collections.abc import Mapping
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, explained

OWNER = "vaidya:endpoint"
PREVIOUS = "vaidya:previous"  # on an endpoint: the configuration that served before the one that serves
OURS = "vaidya:"

Tags = dict[str, str]


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def as_mapping(tags: list[dict[str, Any]]) -> Tags:
    """Tags by key."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def read_tags(arn: str, aws: Aws) -> Tags:
    """The tags of a resource."""
    with explained("reading tags"):
        pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return as_mapping([tag for page in pages for tag in page["Tags"]])


def set_tags(arn: str, wanted: Mapping[str, str], aws: Aws) -> None:
    """Make our tags of a resource exactly the wanted ones; what others wrote stays."""
    found = read_tags(arn, aws)
    gone = [key for key in found if key.startswith(OURS) and key not in wanted]
    changed = {key: value for key, value in wanted.items() if found.get(key) != value}
    if gone:
        aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=gone)
    if changed:
        aws.sagemaker.add_tags(ResourceArn=arn, Tags=as_list(changed))
