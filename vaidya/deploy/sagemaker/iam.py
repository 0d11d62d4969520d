"""Who may do what: three policy documents, each action named, each resource as narrow as AWS lets it be.

Actions and the resources that they accept: AWS Service Authorization Reference (SageMaker, Application Auto Scaling,
CloudWatch, S3, ECR, CloudWatch Logs). ecr:GetAuthorizationToken, cloudwatch:PutMetricData and the network interface
actions accept no narrower resource than `*`.
"""

from typing import Any

from vaidya.config import DeployConfig
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


def policies(target: Target, config: DeployConfig) -> dict[str, Document]:
    """The documents by who they are for."""
    return {
        "deployer": deployer(target, config),
        "execution_role": execution(target, config),
        "execution_role_trust": trust(),
        "caller": caller(target),
    }


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def _sagemaker(target: Target, kind: str) -> str:
    return f"arn:aws:sagemaker:{target.region}:{target.account}:{kind}/{target.endpoint}*"


def _objects(target: Target, below: str) -> str:
    return f"arn:aws:s3:::{target.bucket}/{target.prefix}/{below}"


def _listing(target: Target) -> Document:
    return {
        "Sid": "ListOurPrefix",
        "Action": ["s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{target.bucket}"],
        "Condition": {"StringLike": {"s3:prefix": [f"{target.prefix}/*"]}},
    }


def _key(config: DeployConfig, target: Target) -> list[Document]:
    if not config.kms_key_id:
        return []
    named = config.kms_key_id.startswith("arn:")
    arn = config.kms_key_id if named else f"arn:aws:kms:{target.region}:{target.account}:key/{config.kms_key_id}"
    return [{"Sid": "OurKey", "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], "Resource": [arn]}]


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
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": [_objects(target, "models/*")],
        },
        _listing(target),
        *_scaling(target),
        *_key(config, target),
        *_invoke(target),
    )


def _endpoints(target: Target) -> list[Document]:
    verbs = ("Create", "Describe", "Delete")
    nouns = ("Model", "EndpointConfig", "Endpoint")
    actions = [f"sagemaker:{verb}{noun}" for noun in nouns for verb in verbs]
    return [
        {
            "Sid": "OurModelsAndEndpoints",
            "Action": [*actions, "sagemaker:UpdateEndpoint", "sagemaker:AddTags", "sagemaker:ListTags"],
            "Resource": [_sagemaker(target, kind) for kind in ("model", "endpoint-config", "endpoint")],
        },
        # A listing names no single resource.
        {"Sid": "FindOurConfigs", "Action": ["sagemaker:ListEndpointConfigs"], "Resource": ["*"]},
    ]


def _scaling(target: Target) -> list[Document]:
    service = "application-autoscaling"
    changes = ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy")
    return [
        {
            "Sid": "Scaling",
            "Action": [f"{service}:{change}" for change in changes],
            "Resource": [f"arn:aws:{service}:{target.region}:{target.account}:scalable-target/*"],
        },
        # A listing names no single resource.
        {"Sid": "ScalingDescribe", "Action": [f"{service}:DescribeScalableTargets"], "Resource": ["*"]},
        {
            "Sid": "OurAlarm",
            "Action": ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"],
            "Resource": [f"arn:aws:cloudwatch:{target.region}:{target.account}:alarm:{target.endpoint}*"],
        },
    ]


def _invoke(target: Target) -> list[Document]:
    return [
        {
            "Sid": "Invoke",
            "Action": ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"],
            "Resource": [_sagemaker(target, "endpoint")],
        },
        {"Sid": "AsyncIn", "Action": ["s3:PutObject"], "Resource": [_objects(target, "async/in/*")]},
        {
            "Sid": "AsyncOut",
            "Action": ["s3:GetObject"],
            "Resource": [_objects(target, "async/out/*"), _objects(target, "async/failed/*")],
        },
    ]


def caller(target: Target) -> Document:
    """For the clinic's application: it may ask, and read its answers."""
    return _document(*_invoke(target), _listing(target))


def execution(target: Target, config: DeployConfig) -> Document:
    """For the endpoint itself."""
    network = [{"Sid": "OurNetwork", "Action": NETWORK_ACTIONS, "Resource": ["*"]}] if config.subnet_ids else []
    topics = [topic for topic in (target.success_topic, target.error_topic) if topic]
    tell = [{"Sid": "TellOurTopics", "Action": ["sns:Publish"], "Resource": topics}] if topics else []
    return _document(
        {
            "Sid": "ReadModelsAndInputs",
            "Action": ["s3:GetObject"],
            "Resource": [_objects(target, "models/*"), _objects(target, "async/in/*")],
        },
        {
            "Sid": "WriteAnswers",
            "Action": ["s3:PutObject"],
            "Resource": [_objects(target, "async/out/*"), _objects(target, "async/failed/*")],
        },
        _listing(target),
        *_image(target),
        *_logs(target),
        *network,
        *tell,
        *_key(config, target),
    )


def _image(target: Target) -> list[Document]:
    repository = target.image.partition("/")[2].partition(":")[0].partition("@")[0]
    return [
        {
            "Sid": "OurImage",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            "Resource": [f"arn:aws:ecr:{target.region}:{target.account}:repository/{repository}"],
        },
        {"Sid": "SignInToEcr", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]},
    ]


def _logs(target: Target) -> list[Document]:
    group = f"arn:aws:logs:{target.region}:{target.account}:log-group:/aws/sagemaker/Endpoints/{target.endpoint}*"
    return [
        {
            "Sid": "OurLogs",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": [group, f"{group}:log-stream:*"],
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
