"""What autoscaling does with an endpoint: read, replaced, put back as it was, removed."""

from dataclasses import dataclass
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, explained
from vaidya.deploy.sagemaker.plan import Plan, first_instance_alarm, policy_names, scalable

Request = dict[str, Any]
POLICY_FIELDS = (
    "PolicyName",
    "PolicyType",
    "StepScalingPolicyConfiguration",
    "TargetTrackingScalingPolicyConfiguration",
)
ALARM_FIELDS = tuple(first_instance_alarm("", ""))


@dataclass(frozen=True, slots=True)
class Scaling:
    """Each part as the request that would set it again. bounds: None where nothing scales. alarm: None without one."""

    bounds: Request | None
    policies: tuple[Request, ...]
    alarm: Request | None


def scaling_of(endpoint: str, aws: Aws) -> Scaling:
    """What is set now."""
    common, (_, from_zero) = scalable(endpoint), policy_names(endpoint)
    service, resource = common["ServiceNamespace"], common["ResourceId"]
    with explained("reading the scaling"):
        targets = aws.autoscaling.describe_scalable_targets(ServiceNamespace=service, ResourceIds=[resource])
        policies = aws.autoscaling.describe_scaling_policies(ServiceNamespace=service, ResourceId=resource)
        alarms = aws.cloudwatch.describe_alarms(AlarmNames=[from_zero])["MetricAlarms"]
    rows = targets["ScalableTargets"]
    return Scaling(
        bounds={**common, **_only(rows[0], ("MinCapacity", "MaxCapacity"))} if rows else None,
        policies=tuple({**common, **_only(row, POLICY_FIELDS)} for row in policies["ScalingPolicies"]),
        alarm=_only(alarms[0], ALARM_FIELDS) if alarms else None,
    )


def _only(row: Request, names: tuple[str, ...]) -> Request:
    return {name: row[name] for name in names if name in row}


def set_scaling(plan: Plan, before: Scaling, aws: Aws) -> None:
    """The plan's bounds, policies and alarm in place of those before."""
    name = plan.target.endpoint
    from_zero = policy_names(name)[1]
    for call, request in plan.scaling:
        answer = getattr(aws.autoscaling, call)(**request)
        if request.get("PolicyName") == from_zero:
            aws.cloudwatch.put_metric_alarm(**first_instance_alarm(name, answer["PolicyARN"]))
    wanted = {request["PolicyName"] for _, request in plan.scaling if "PolicyName" in request}
    _drop_policies(name, before, wanted, aws)
    if before.alarm is not None and from_zero not in wanted:
        aws.cloudwatch.delete_alarms(AlarmNames=[from_zero])


def restore(endpoint: str, before: Scaling, aws: Aws) -> None:
    """The scaling as it was read."""
    if before.bounds is None:
        remove_scaling(endpoint, aws)
        return
    aws.autoscaling.register_scalable_target(**before.bounds)
    from_zero = policy_names(endpoint)[1]
    arns = {policy["PolicyName"]: _put(policy, aws) for policy in before.policies}
    _drop_policies(endpoint, scaling_of(endpoint, aws), set(arns), aws)
    if before.alarm is not None:
        # A policy that was removed and made again has another ARN.
        actions = [arns[from_zero]] if from_zero in arns else before.alarm["AlarmActions"]
        aws.cloudwatch.put_metric_alarm(**{**before.alarm, "AlarmActions": actions})
    else:
        aws.cloudwatch.delete_alarms(AlarmNames=[from_zero])


def _put(policy: Request, aws: Aws) -> str:
    return str(aws.autoscaling.put_scaling_policy(**policy)["PolicyARN"])


def _drop_policies(endpoint: str, found: Scaling, wanted: set[str], aws: Aws) -> None:
    """Remove our policies that are not wanted; a policy that somebody else set stays."""
    for policy in found.policies:
        if policy["PolicyName"] in policy_names(endpoint) and policy["PolicyName"] not in wanted:
            aws.autoscaling.delete_scaling_policy(**scalable(endpoint), PolicyName=policy["PolicyName"])


def remove_scaling(endpoint: str, aws: Aws) -> None:
    """Take the scaling, its policies and its alarm away, where there are any."""
    if scaling_of(endpoint, aws).bounds is not None:
        aws.autoscaling.deregister_scalable_target(**scalable(endpoint))  # its policies go with it
    aws.cloudwatch.delete_alarms(AlarmNames=[policy_names(endpoint)[1]])
