"""The connection to DynamoDB, and what its errors mean. Imports boto3, so it is itself imported late.

Region, credentials and endpoint are boto3's own business: AWS_REGION, AWS_ACCESS_KEY_ID …, AWS_ENDPOINT_URL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from broadcast.errors import ConfigError, LedgerFailed
from broadcast.ledger.dynamo_items import Client, ConditionFailed

CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
REPETITIONS = 6
"""In the mode "legacy", which waits 50 milliseconds first for DynamoDB and twice as long each time, as AWS advises;
"standard" waits for seconds."""

DENIED = (
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
)


def connect(table: str, connections: int) -> Client:
    """Return a client of its own for one ledger; talks to nobody yet."""
    patience = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "legacy", "max_attempts": REPETITIONS},
        max_pool_connections=connections,
    )
    with translated(table):
        return cast(Client, boto3.session.Session().client("dynamodb", config=patience))


@contextmanager
def translated(table: str) -> Iterator[None]:
    """Let errors of boto3 leave as ours: ConfigError for what a person must mend, LedgerFailed for what may pass."""
    try:
        yield
    except ClientError as error:
        raise _meaning(table, cast("dict[str, Any]", error.response)) from error
    except NoRegionError as error:
        raise ConfigError(
            f"{_where(table)}: no AWS region is set. Set AWS_REGION (or AWS_DEFAULT_REGION), for example eu-central-1."
        ) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise ConfigError(
            f"{_where(table)}: {error}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile; a Lambda "
            "function has those of its role."
        ) from error
    except (ParamValidationError, ValueError) as error:
        raise ConfigError(f"{_where(table)}: {error}. Correct STORE, or AWS_ENDPOINT_URL where that is set.") from error
    except BotoCoreError as error:
        raise LedgerFailed(f"{_where(table)} cannot be reached: {error}") from error


def _meaning(table: str, answer: dict[str, Any]) -> Exception:
    code, text = answer["Error"].get("Code", ""), answer["Error"].get("Message", "")
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(code)
    if code == "ResourceNotFoundException":
        return ConfigError(
            f"{_where(table)}: there is no such table in this region. Deploying makes it; if it is made, "
            "correct STORE or AWS_REGION."
        )
    if code in DENIED:
        return ConfigError(
            f"{_where(table)}: AWS refuses the credentials or the permission ({code}: {text}). Allow them to read and "
            "write the items of this table."
        )
    return LedgerFailed(f"{_where(table)} cannot be used at the moment ({code}: {text})")


def _where(table: str) -> str:
    return f"The ledger, DynamoDB table {table!r} (set in STORE)"
