"""Who may do what: four policy documents, each action named, each resource as narrow as AWS lets it be.

Actions and the resources that they accept: AWS Service Authorization Reference (SageMaker, Application Auto Scaling,
CloudWatch, S3, ECR, CloudWatch Logs). ecr:GetAuthorizationToken, cloudwatch:PutMetricData, listings and the network
interface actions accept no narrower resource than `*`. SageMaker writes names in lower case into its ARNs.
"""

from collections.abc import Sequence
from typing import Any

from vaidya.config import DeployConfig, LlmConfig
from vaidya.deploy.sagemaker.plan import async_prefix, policy_names
from vaidya.deploy.sagemaker.target import Target

Document = dict[str, Any]

NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
]
SCALING_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
# ENDPOINT-vNUMBER-STAMP for numbers of one to three digits; a stamp begins with the year. `vaidya-v*` would take in
# what belongs to `vaidya-vellore`; four `?` would take in `vaidya-v2`'s first version, `vaidya-v2-v1-2…`.
MADE_NAMES = tuple(f"-v{'?' * digits}-2*" for digits in range(1, 4))


def policies(target: Target, config: DeployConfig, models: Sequence[LlmConfig] = ()) -> dict[str, Document]:
    """The documents by who they are for. models: language models that the container asks."""
    return {
        "deployer": deployer(target, config),
        "execution_role": execution(target, config, models),
        "execution_role_trust": trust(),
        "caller": caller(target, config),
    }


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def _arn(target: Target, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{target.region}:{target.account}:{resource}"


def _endpoint(target: Target, name: str | None = None) -> str:
    return _arn(target, "sagemaker", f"endpoint/{(name or target.endpoint).lower()}")


def _made(target: Target, kind: str) -> list[str]:
    """Models or configurations that deployments of this endpoint make."""
    return [_arn(target, "sagemaker", f"{kind}/{target.endpoint.lower()}{made}") for made in MADE_NAMES]


def _objects(target: Target, below: str) -> str:
    return f"arn:aws:s3:::{target.bucket}/{target.prefix}/{below}"


def _waiting(target: Target, *folders: str) -> list[str]:
    """Asynchronous requests and answers of this endpoint."""
    return [f"arn:aws:s3:::{target.bucket}/{async_prefix(target.prefix, target.endpoint)}/{f}/*" for f in folders]


def _listing(target: Target) -> Document:
    return {
        "Sid": "ListOurPrefix",
        "Action": ["s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{target.bucket}"],
        "Condition": {"StringLike": {"s3:prefix": [f"{target.prefix}/*"]}},
    }


def _key(config: DeployConfig, target: Target, *, disks: bool) -> list[Document]:
    """disks: SageMaker encrypts the instances' disks with the key, for which it makes itself a grant."""
    if not config.kms_key_id:
        return []
    use = _key_use(config.kms_key_id, target, "OurKey")
    grant = {
        "Sid": "OurKeyForDisks",
        "Action": ["kms:CreateGrant"],
        "Resource": use["Resource"],
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }
    return [use, grant] if disks else [use]


def _key_use(key: str, target: Target, sid: str) -> Document:
    arn = key if key.startswith("arn:") else _arn(target, "kms", f"key/{key}")
    return {"Sid": sid, "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], "Resource": [arn]}


def deployer(target: Target, config: DeployConfig) -> Document:
    """For whoever runs `vaidya deploy`."""
    return _document(
        *_endpoints(target),
        {
            "Sid": "GiveTheRoleToSageMakerOnly",
            "Action": ["iam:PassRole"],
            "Resource": [target.role],
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
        {
            "Sid": "OurArtifacts",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            "Resource": [_objects(target, "models/*")],
        },
        _listing(target),
        *_scaling(target),
        *_key(config, target, disks=True),
        *_invoke(target),
    )


def _endpoints(target: Target) -> list[Document]:
    verbs = ("Create", "Describe", "Delete")
    nouns = ("Model", "EndpointConfig", "Endpoint")
    actions = [f"sagemaker:{verb}{noun}" for noun in nouns for verb in verbs]
    # Autoscaling changes the number of instances in the name of whoever set it up.
    actions += ["sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
    return [
        {
            "Sid": "OurModelsAndEndpoints",
            "Action": [*actions, "sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags"],
            "Resource": [*_made(target, "model"), *_made(target, "endpoint-config"), _endpoint(target)],
        },
        # A listing names no single resource.
        {"Sid": "FindOurConfigs", "Action": ["sagemaker:ListEndpointConfigs"], "Resource": ["*"]},
    ]


def _scaling(target: Target) -> list[Document]:
    service = "application-autoscaling"
    changes = ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy")
    listings = ("DescribeScalableTargets", "DescribeScalingPolicies")
    linked = f"role/aws-service-role/{SCALING_SERVICE}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return [
        {
            "Sid": "Scaling",
            "Action": [f"{service}:{change}" for change in changes],
            "Resource": [_arn(target, service, "scalable-target/*")],
        },
        # A listing names no single resource.
        {"Sid": "ScalingDescribe", "Action": [f"{service}:{listing}" for listing in listings], "Resource": ["*"]},
        {
            # The first scaled endpoint of an account makes the role by which autoscaling works.
            "Sid": "RoleOfAutoscaling",
            "Action": ["iam:CreateServiceLinkedRole"],
            "Resource": [f"arn:aws:iam::{target.account}:{linked}"],
            "Condition": {"StringEquals": {"iam:AWSServiceName": SCALING_SERVICE}},
        },
        {
            "Sid": "OurAlarm",
            "Action": ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"],
            "Resource": [_arn(target, "cloudwatch", f"alarm:{policy_names(target.endpoint)[1]}")],
        },
    ]


def _invoke(target: Target) -> list[Document]:
    return [
        {
            "Sid": "Invoke",
            "Action": ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"],
            "Resource": [_endpoint(target)],
        },
        {"Sid": "AsyncIn", "Action": ["s3:PutObject"], "Resource": _waiting(target, "in")},
        {"Sid": "AsyncOut", "Action": ["s3:GetObject"], "Resource": _waiting(target, "out", "failed")},
        {"Sid": "AsyncDone", "Action": ["s3:DeleteObject"], "Resource": _waiting(target, "in", "out", "failed")},
    ]


def caller(target: Target, config: DeployConfig) -> Document:
    """For the clinic's application: it may find the road, put recordings where the endpoint reads, and ask."""
    return _document(
        {"Sid": "FindTheRoad", "Action": ["sagemaker:DescribeEndpoint"], "Resource": [_endpoint(target)]},
        {
            "Sid": "FindTheRoadsSettings",
            "Action": ["sagemaker:DescribeEndpointConfig"],
            "Resource": _made(target, "endpoint-config"),
        },
        *_invoke(target),
        {
            "Sid": "Recordings",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": [_objects(target, "audio/*")],
        },
        *_key(config, target, disks=False),
    )


def execution(target: Target, config: DeployConfig, models: Sequence[LlmConfig] = ()) -> Document:
    """For the endpoint itself. models: language models that it asks; those behind SageMaker need a permission."""
    network = [{"Sid": "OurNetwork", "Action": NETWORK_ACTIONS, "Resource": ["*"]}] if config.subnet_ids else []
    topics = [topic for topic in (target.success_topic, target.error_topic) if topic]
    tell = [{"Sid": "TellOurTopics", "Action": ["sns:Publish"], "Resource": topics}] if topics else []
    read = [_objects(target, "models/*"), _objects(target, "audio/*"), *_waiting(target, "in")]
    return _document(
        {"Sid": "ReadModelsAndInputs", "Action": ["s3:GetObject"], "Resource": read},
        {"Sid": "WriteAnswers", "Action": ["s3:PutObject"], "Resource": _waiting(target, "out", "failed")},
        _listing(target),
        *_captured(target, config),
        *_image(target),
        *_logs(target),
        *network,
        *tell,
        *_key(config, target, disks=True),
        *_language_models(target, models),
    )


def _captured(target: Target, config: DeployConfig) -> list[Document]:
    if not config.data_capture:
        return []
    return [{"Sid": "WriteCaptured", "Action": ["s3:PutObject"], "Resource": [_objects(target, "capture/*")]}]


def _language_models(target: Target, models: Sequence[LlmConfig]) -> list[Document]:
    """Asking the language models' own endpoints, and the folder through which an asynchronous one is asked.

    Its answers are read there too: give that endpoint an output path below `llm.options.s3_prefix`.
    """
    asked = [model for model in models if model.backend == "sagemaker" and model.endpoint]
    if not asked:
        return []
    actions = ("InvokeEndpoint", "InvokeEndpointWithResponseStream", "InvokeEndpointAsync")
    folders = sorted({str(m.options["s3_prefix"]) for m in asked if m.asynchronous and m.options.get("s3_prefix")})
    ask = {
        "Sid": "AskLanguageModel",
        "Action": [f"sagemaker:{action}" for action in actions],
        "Resource": sorted({_endpoint(target, model.endpoint) for model in asked}),
    }
    through = {
        "Sid": "AskLanguageModelThroughS3",
        "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
        "Resource": [f"arn:aws:s3:::{folder.removeprefix('s3://').rstrip('/')}/*" for folder in folders],
    }
    keys = sorted({str(m.options["kms_key_id"]) for m in asked if m.options.get("kms_key_id")})
    return [ask, *([through] if folders else []), *(_key_use(key, target, "LanguageModelKey") for key in keys)]


def _image(target: Target) -> list[Document]:
    repository = target.image.partition("/")[2].partition(":")[0].partition("@")[0]
    return [
        {
            "Sid": "OurImage",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            "Resource": [_arn(target, "ecr", f"repository/{repository}")],
        },
        {"Sid": "SignInToEcr", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]},
    ]


def _logs(target: Target) -> list[Document]:
    group = _arn(target, "logs", f"log-group:/aws/sagemaker/Endpoints/{target.endpoint}")
    return [
        {
            "Sid": "OurLogs",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": [group, f"{group}:*"],
        },
        {
            "Sid": "OurMetrics",
            "Action": ["cloudwatch:PutMetricData"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}},
        },
    ]


def trust() -> Document:
    """Lets SageMaker, and nobody else, take the execution role."""
    return _document({"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": ["sts:AssumeRole"]})
