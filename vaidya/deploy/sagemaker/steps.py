"""A plan carried out: each step leaves an undo behind, and a failure anywhere unwinds them all, newest first.

After a failure the account holds what it held before, and the old configuration serves. After a success the last two
configurations are kept, so that `rollback` has somewhere to go.
"""

import tarfile
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.deploy.sagemaker.manage import prune, remove_scaling, scaling_bounds
from vaidya.deploy.sagemaker.plan import Plan, first_instance_alarm, policy_names, scalable
from vaidya.deploy.sagemaker.watch import (
    DONE,
    Waiting,
    delete_endpoint,
    serving_config,
    wait_in_service,
    wait_settled,
)
from vaidya.errors import DeploymentError

KEPT = 2

SmokeTest = Callable[[str], None]


def deploy(plan: Plan, folder: Path, aws: Aws, smoke_test: SmokeTest, waiting: Waiting | None = None) -> str:
    """Upload, create or update, wait, scale, ask one case; returns the name of the configuration that now serves.

    smoke_test: asks the endpoint (by name) a held case and raises when the answer is not the expected one.

    Raises:
        DeploymentError: a step failed; everything that this deployment made was taken back.
    """
    how = waiting or Waiting()
    undo = ExitStack()
    try:
        _carry_out(plan, folder, aws, smoke_test, how, undo)
    except BaseException as error:
        how.say("failed; taking back what was made")
        left = _unwind(undo)
        if not isinstance(error, Exception):
            raise
        after = f" Not taken back, remove by hand: {', '.join(left)}." if left else " Everything was taken back."
        raise DeploymentError(f"{error}.{after}") from error
    undo.pop_all()
    prune(plan.target.endpoint, aws, keep=KEPT)
    return str(plan.endpoint_config["EndpointConfigName"])


def _carry_out(plan: Plan, folder: Path, aws: Aws, smoke_test: SmokeTest, how: Waiting, undo: ExitStack) -> None:
    bucket, name = plan.target.bucket, plan.target.endpoint
    how.say("uploading the model")
    undo.callback(_step("the uploaded model", lambda: aws.s3.delete_object(Bucket=bucket, Key=plan.artifact_key)))
    _upload(folder, bucket, plan.artifact_key, aws)
    _create(aws, "model", plan.model, undo)
    _create(aws, "endpoint_config", plan.endpoint_config, undo)
    serving = serving_config(name, aws)
    if serving is None:
        undo.callback(_step("the endpoint", lambda: delete_endpoint(name, aws, how)))
        with explained("creating the endpoint"):
            aws.sagemaker.create_endpoint(**plan.endpoint)
    else:
        undo.callback(_step("the endpoint's new configuration", lambda: _serve_again(name, serving, aws, how)))
        with explained("updating the endpoint"):
            aws.sagemaker.update_endpoint(**plan.update)
    wait_in_service(name, str(plan.endpoint_config["EndpointConfigName"]), aws, how)
    how.say("asking a held case")
    smoke_test(name)
    how.say("setting the scaling")
    _attach_scaling(plan, aws, undo)


class _NotTakenBackError(Exception):
    """An undo that failed; its argument says what is left."""


def _step(what: str, work: Callable[[], Any]) -> Callable[[], None]:
    """An undo that accepts that there is nothing to undo, and never hides a second failure."""

    def undo() -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            work()
        except ClientError as error:
            if not absent(error):
                raise _NotTakenBackError(what) from error
        except (BotoCoreError, DeploymentError) as error:
            raise _NotTakenBackError(what) from error

    return undo


def _unwind(undo: ExitStack) -> list[str]:
    """Run every undo, also after one has failed; returns what could not be taken back."""
    left: list[str] = []
    try:
        undo.close()
    except _NotTakenBackError as error:
        # ExitStack runs the others before it raises the last; the earlier ones hang on as its context.
        seen: BaseException | None = error
        while seen is not None:
            if isinstance(seen, _NotTakenBackError):
                left.append(str(seen.args[0]))
            seen = seen.__context__
    return left


def _upload(folder: Path, bucket: str, key: str, aws: Aws) -> None:
    """The model as the archive that SageMaker unpacks into /opt/ml/model."""
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "model.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            for path in sorted(folder.iterdir()):
                tar.add(path, path.name)
        with explained("uploading the model"):
            aws.s3.upload_file(str(archive), bucket, key, ExtraArgs={"ServerSideEncryption": "aws:kms"})


def _create(aws: Aws, kind: str, request: dict[str, Any], undo: ExitStack) -> None:
    """The undo is laid down first: a call that fails on the way back may have succeeded there."""
    parameter = {"model": "ModelName", "endpoint_config": "EndpointConfigName"}[kind]
    delete = getattr(aws.sagemaker, f"delete_{kind}")
    what = f"{kind.replace('_', ' ')} {request[parameter]}"
    undo.callback(_step(what, lambda: delete(**{parameter: request[parameter]})))
    with explained(f"creating the {kind.replace('_', ' ')}"):
        getattr(aws.sagemaker, f"create_{kind}")(**request)


def _serve_again(endpoint: str, config: str, aws: Aws, how: Waiting) -> None:
    """Back to the configuration that served before, unless it still does."""
    state = aws.sagemaker.describe_endpoint(EndpointName=endpoint)
    if state["EndpointConfigName"] != config or state["EndpointStatus"] != DONE:
        if state["EndpointStatus"] not in (DONE, "Failed"):
            wait_settled(endpoint, aws, how)
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        wait_in_service(endpoint, config, aws, how)


def _attach_scaling(plan: Plan, aws: Aws, undo: ExitStack) -> None:
    """Policies are replaced by name; on the way back the old bounds return, or the new scaling goes."""
    name = plan.target.endpoint
    before = scaling_bounds(name, aws)
    register = aws.autoscaling.register_scalable_target
    undo.callback(
        _step("the scaling", lambda: register(**scalable(name), **before) if before else remove_scaling(name, aws))
    )
    for call, request in plan.scaling:
        with explained("setting the scaling"):
            answer = getattr(aws.autoscaling, call)(**request)
            if request.get("PolicyName") == policy_names(name)[1]:
                aws.cloudwatch.put_metric_alarm(**first_instance_alarm(name, answer["PolicyARN"]))
