"""A plan carried out: each step leaves an undo behind, and a failure anywhere unwinds them all, newest first.

After a failure the account holds what it held before, and the old configuration serves. After a success the
configuration that served before is kept beside the new one, so that `rollback` has somewhere to go.
"""

import logging
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.deploy.sagemaker.configs import prune
from vaidya.deploy.sagemaker.plan import Plan, retained
from vaidya.deploy.sagemaker.scaling import restore, scaling_of, set_scaling
from vaidya.deploy.sagemaker.tags import OURS, PREVIOUS, as_list, as_mapping, set_tags
from vaidya.deploy.sagemaker.watch import (
    DONE,
    FAILED,
    EndpointState,
    Waiting,
    delete_endpoint,
    endpoint_state,
    refuse_foreign,
    wait_in_service,
    wait_settled,
)
from vaidya.errors import DeploymentError

LOG = logging.getLogger("vaidya.deploy")
SmokeTest = Callable[[str], None]


def deploy(plan: Plan, folder: Path, aws: Aws, smoke_test: SmokeTest, waiting: Waiting | None = None) -> str:
    """Upload, create or update, wait, ask one case, scale, tag; returns the name of the configuration that now serves.

    Then everything but it and the one that served before is removed; where that fails, a warning says so.

    smoke_test: asks the endpoint (by name) a held case and raises when the answer is not the expected one.

    Raises:
        DeploymentError: a step failed; everything that this deployment made was taken back.
    """
    how, name = waiting or Waiting(), plan.target.endpoint
    before = endpoint_state(name, aws)
    _refuse(name, before)
    run = _Run(before, how, ExitStack())
    try:
        _carry_out(plan, folder, aws, smoke_test, run)
    except BaseException as error:
        how.say("failed; taking back what was made")
        left = _unwind(run.undo)
        if not isinstance(error, Exception):
            raise
        after = f" Not taken back, remove by hand: {', '.join(left)}." if left else " Everything was taken back."
        raise DeploymentError(f"{error}.{after}") from error
    run.undo.pop_all()
    config = str(plan.endpoint_config["EndpointConfigName"])
    _prune(name, {config} | ({run.served.config} if run.served else set()), aws)
    return config


@dataclass(frozen=True, slots=True)
class _Run:
    """One deployment under way. before: the endpoint as it was, None where there was none."""

    before: EndpointState | None
    how: Waiting
    undo: ExitStack

    @property
    def served(self) -> EndpointState | None:
        """What can be updated, and gone back to: an endpoint whose creation failed never served."""
        return None if self.before is None or self.before.status == FAILED else self.before


def _refuse(name: str, state: EndpointState | None) -> None:
    """Nothing is made where the endpoint is somebody else's, or is being changed by another deployment."""
    if state is None:
        return
    refuse_foreign(name, state)
    if state.busy:
        raise DeploymentError(f"endpoint {name!r} is {state.status}: wait until whoever changes it is done")


def _prune(name: str, keep: set[str], aws: Aws) -> None:
    """The deployment has succeeded: what cannot be tidied up is no failure of it."""
    try:
        prune(name, aws, keep=keep)
    except DeploymentError as error:
        LOG.warning("endpoint %s serves, but old configurations stay until the next deployment: %s", name, error)


def _carry_out(plan: Plan, folder: Path, aws: Aws, smoke_test: SmokeTest, run: _Run) -> None:
    bucket, name, undo = plan.target.bucket, plan.target.endpoint, run.undo
    run.how.say("uploading the model")
    undo.callback(_step("the uploaded model", lambda: aws.s3.delete_object(Bucket=bucket, Key=plan.artifact_key)))
    _upload(folder, plan, aws)
    _create(aws, "model", plan.model, undo)
    _create(aws, "endpoint_config", plan.endpoint_config, undo)
    if run.served is None:
        _create_endpoint(plan, aws, run)
    else:
        _update_endpoint(plan, run.served, aws, run)
    wait_in_service(name, str(plan.endpoint_config["EndpointConfigName"]), aws, run.how)
    run.how.say("asking a held case")
    smoke_test(name)
    run.how.say("setting the scaling")
    scaled = scaling_of(name, aws)
    undo.callback(_step("the scaling", lambda: restore(name, scaled, aws)))
    with explained("setting the scaling"):
        set_scaling(plan, scaled, aws)
    _write_down(plan, aws, run)


def _create_endpoint(plan: Plan, aws: Aws, run: _Run) -> None:
    """Create it; one whose creation failed earlier takes no update and is deleted first."""
    name = plan.target.endpoint
    with explained("creating the endpoint"):
        if run.before is not None:
            run.how.say("deleting the endpoint whose creation failed")
            delete_endpoint(name, aws, run.how)
        run.undo.callback(_step("the endpoint", lambda: delete_endpoint(name, aws, run.how)))
        aws.sagemaker.create_endpoint(**plan.endpoint)


def _update_endpoint(plan: Plan, served: EndpointState, aws: Aws, run: _Run) -> None:
    name = plan.target.endpoint
    what = "the endpoint's new configuration"
    run.undo.callback(_step(what, lambda: _serve_again(name, served, aws, run.how)))
    with explained("updating the endpoint"):
        aws.sagemaker.update_endpoint(**plan.update, **(retained() if served.instances else {}))


def _write_down(plan: Plan, aws: Aws, run: _Run) -> None:
    """An endpoint's tags stay as they were created: say which version serves now, and what can be gone back to."""
    if run.served is None:
        return
    arn, before = run.served.arn, run.served.tags
    ours = {key: value for key, value in before.items() if key.startswith(OURS)}
    run.undo.callback(_step("the endpoint's tags", lambda: set_tags(arn, ours, aws)))
    with explained("tagging the endpoint"):
        set_tags(arn, as_mapping(plan.endpoint["Tags"]) | {PREVIOUS: run.served.config}, aws)


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


def _upload(folder: Path, plan: Plan, aws: Aws) -> None:
    """The model as the archive that SageMaker unpacks into /opt/ml/model."""
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "model.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            for path in sorted(folder.iterdir()):
                tar.add(path, path.name)
        with explained("uploading the model"):
            aws.s3.upload_file(str(archive), plan.target.bucket, plan.artifact_key, ExtraArgs=plan.upload)


def _create(aws: Aws, kind: str, request: dict[str, Any], undo: ExitStack) -> None:
    """The undo is laid down first: a call that fails on the way back may have succeeded there."""
    parameter = {"model": "ModelName", "endpoint_config": "EndpointConfigName"}[kind]
    delete = getattr(aws.sagemaker, f"delete_{kind}")
    what = f"{kind.replace('_', ' ')} {request[parameter]}"
    undo.callback(_step(what, lambda: delete(**{parameter: request[parameter]})))
    with explained(f"creating the {kind.replace('_', ' ')}"):
        getattr(aws.sagemaker, f"create_{kind}")(**request)


def _serve_again(endpoint: str, served: EndpointState, aws: Aws, how: Waiting) -> None:
    """Back to the configuration that served before, unless it still does."""
    state = aws.sagemaker.describe_endpoint(EndpointName=endpoint)
    if state["EndpointConfigName"] == served.config and state["EndpointStatus"] == DONE:
        return
    if wait_settled(endpoint, aws, how) == FAILED:
        delete_endpoint(endpoint, aws, how)
        aws.sagemaker.create_endpoint(
            EndpointName=endpoint, EndpointConfigName=served.config, Tags=as_list(served.tags)
        )
    else:
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=served.config)
    wait_in_service(endpoint, served.config, aws, how)
