"""Where a deployment goes: what the profile does not say because it belongs to an account, not to a model."""

import re
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from vaidya.errors import ConfigError

# SageMaker's own rule for names, shortened: a stamp is added to it.
ENDPOINT_NAME = re.compile(r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,40}$")


class Target(BaseSettings):
    """An account's resources; each from an argument or the environment (`VAIDYA_SAGEMAKER_…`).

    bucket, prefix: where artifacts and asynchronous inputs and outputs lie. role: ARN of the execution role. image: URI
    of the container in ECR. success_topic, error_topic: SNS topics told about asynchronous results.
    """

    model_config = SettingsConfigDict(env_prefix="VAIDYA_SAGEMAKER_", frozen=True, extra="ignore")

    endpoint: Annotated[str, Field(pattern=ENDPOINT_NAME.pattern)] = "vaidya"
    region: str
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9/_-]{1,100}$")] = "vaidya"
    role: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+")]
    image: str
    success_topic: str | None = None
    error_topic: str | None = None


def target(**given: str | None) -> Target:
    """A target from arguments, the environment filling what is not given.

    Raises:
        ConfigError: something is missing or malformed; the message names the variables.
    """
    try:
        return Target(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(
            f"the SageMaker target is not complete: {problems}. Give options, or set "
            "VAIDYA_SAGEMAKER_REGION, _ACCOUNT, _BUCKET, _ROLE and _IMAGE"
        ) from error
