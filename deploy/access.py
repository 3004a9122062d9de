"""Getting in: region, credentials, bucket, and what is deployed already. Makes nothing but a bucket that is missing.

Whatever AWS answers leaves here as one `ClickException` for a person: what happened, where it is set, what to do.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import boto3
import click
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    UnknownRegionError,
)

from deploy.stage import Account, Stage

SETTINGS = "zappa_settings.json"
NO_ENTRY = (
    "Put the access key of an AWS user into ~/.boto (copy .boto_sample there and fill it in), into "
    "~/.aws/credentials, or "
    "into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)
WRONG_KEYS = ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure")
RUN_OUT = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")


@contextmanager
def explained(stage: Stage, doing: str) -> Iterator[None]:
    """Turn what AWS answers into words; `doing` says what was tried, for example "look up the queue"."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise click.ClickException(f"There are no AWS credentials ({error}). {NO_ENTRY}") from error
    except ClientError as error:
        raise click.ClickException(_words(error, stage, doing)) from error
    except ConnectionError as error:
        raise click.ClickException(_no_connection(error, stage)) from error
    except BotoCoreError as error:
        raise click.ClickException(f"AWS could not be asked to {doing}: {error}") from error


def enter(stage: Stage, session: Any) -> Account:
    """Return the account the credentials belong to; refuse a region that is none and credentials that do not work."""
    _check_region(stage, session)
    with explained(stage, "say whose the credentials are"):
        me = session.client("sts", region_name=stage.region).get_caller_identity()
    return Account(partition=me["Arn"].split(":")[1], region=stage.region, number=me["Account"])


def ensure_bucket(stage: Stage, session: Any, account: Account) -> None:
    """See to it that the bucket is there, this account's own, and in this region; make it if it does not exist."""
    if not stage.bucket:
        raise click.ClickException(
            f'"s3_bucket" of stage {stage.name!r} in {SETTINGS} is empty. Write the name of a bucket '
            "there; the package is "
            "uploaded through it. Names are shared by all of AWS, so take one that nobody else has, for example "
            f"broadcast-bot-{account.number}-{stage.region}. It is made if it does not exist."
        )
    s3 = session.client("s3", region_name=stage.region)
    with explained(stage, f"look at the bucket {stage.bucket}"):
        try:
            found = s3.head_bucket(Bucket=stage.bucket, ExpectedBucketOwner=account.number)
        except ParamValidationError as error:
            raise click.ClickException(_bad_bucket(stage)) from error
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise click.ClickException(_bucket_words(error, stage)) from error
            _make_bucket(s3, stage)
            return
    _check_place(stage, found)


def is_deployed(stage: Stage, session: Any) -> bool:
    """Whether the stage's function exists."""
    with explained(stage, f"look for the function {stage.resource}"):
        try:
            session.client("lambda", region_name=stage.region).get_function(FunctionName=stage.resource)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False
            raise
    return True


def _check_region(stage: Stage, session: Any) -> None:
    if session.region_name != stage.region:
        raise click.ClickException(
            f'"aws_region" of stage {stage.name!r} in {SETTINGS} is {stage.region!r}, but AWS_DEFAULT_REGION is '
            f"{session.region_name!r}, and Zappa would use that. Unset AWS_DEFAULT_REGION, or make them the same."
        )
    try:
        session.get_partition_for_region(stage.region)
    except UnknownRegionError as error:
        raise click.ClickException(
            f'"aws_region" of stage {stage.name!r} in {SETTINGS} is {stage.region!r}, which is no region of AWS'
            f"{_nearest(stage.region)}"
        ) from error


def _nearest(word: str) -> str:
    session = boto3.Session()
    known = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("lambda", partition_name=partition)
    ]
    close = [] if word in known else get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else "."


def _no_connection(error: ConnectionError, stage: Stage) -> str:
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        return (
            f"AWS_ENDPOINT_URL is set to {endpoint}, and nothing answers there. Unset it to reach AWS itself. ({error})"
        )
    return (
        f"AWS does not answer in region {stage.region!r}: this machine has no way to it, or the region "
        "does not offer what "
        f'the bot needs (Lambda, SQS, DynamoDB, API Gateway). "aws_region" is set in {SETTINGS}, stage {stage.name!r}'
        f"{_nearest(stage.region)} ({error})"
    )


def _words(error: ClientError, stage: Stage, doing: str) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in WRONG_KEYS:
        return f"AWS does not accept the credentials ({code}: {message}). {NO_ENTRY}"
    if code in RUN_OUT:
        return f"The AWS credentials have run out ({code}). Sign in anew, or put lasting ones into ~/.boto."
    if code in DENIED:
        return (
            f"AWS does not let these credentials {doing} ({error.operation_name}: {message}). Attach "
            "deploy/deployer_policy.json to the user they belong to; the README shows how."
        )
    if code == "AWS.SimpleQueueService.QueueDeletedRecently":
        return f"A queue of stage {stage.name!r} was deleted less than a minute ago. Wait a minute, then do it again."
    return f"AWS could not {doing}: {code}: {message}"


def _make_bucket(s3: Any, stage: Stage) -> None:
    place = {} if stage.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": stage.region}}
    try:
        s3.create_bucket(Bucket=stage.bucket, **place)
    except ClientError as error:
        raise click.ClickException(_bucket_words(error, stage)) from error
    click.echo(f"Made the bucket {stage.bucket}.")


def _bucket_words(error: ClientError, stage: Stage) -> str:
    code = error.response["Error"]["Code"]
    if code in ("InvalidBucketName", "400"):
        return _bad_bucket(stage)
    if code in ("403", "AccessDenied", "BucketAlreadyExists"):
        return (
            f"The bucket {stage.bucket!r} belongs to somebody else, or these credentials may not use it. "
            "Names are shared "
            f'by all of AWS: write another "s3_bucket" into {SETTINGS}, stage {stage.name!r}, or attach '
            "deploy/deployer_policy.json to the user. Nothing has been made yet."
        )
    if code in ("301", "PermanentRedirect", "IllegalLocationConstraintException"):
        return _elsewhere(stage, "another region")
    return _words(error, stage, f"use the bucket {stage.bucket}")


def _bad_bucket(stage: Stage) -> str:
    return (
        f'"s3_bucket" of stage {stage.name!r} in {SETTINGS} is {stage.bucket!r}, which cannot be the '
        "name of a bucket: use "
        "3 to 63 small letters, digits and hyphens."
    )


def _check_place(stage: Stage, found: Any) -> None:
    place = found.get("BucketRegion") or found["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
    if place and place != stage.region:
        raise click.ClickException(_elsewhere(stage, place))


def _elsewhere(stage: Stage, place: str) -> str:
    return (
        f"The bucket {stage.bucket!r} is in {place}, stage {stage.name!r} in {stage.region}. Both must "
        "be in one region: "
        f'write another "s3_bucket" or "aws_region" into {SETTINGS}.'
    )
