"""The DynamoDB table of the ledger: made where it is missing, as deploying does it. Nothing is ever deleted here."""

from typing import Any, Protocol

from broadcast.errors import ConfigError

KEYS = ({"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"})
TYPES = ({"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"})
EXPIRES = "expires"
LOOK_EVERY_SECONDS = 2
LOOKS = 60


class TableClient(Protocol):
    """What is used of boto3's client of DynamoDB."""

    exceptions: Any
    """The errors of the service."""

    def create_table(self, **request: Any) -> Any:
        """Make a table."""
        ...

    def describe_table(self, **request: Any) -> Any:
        """Tell how a table is made."""
        ...

    def get_waiter(self, name: str, /) -> Any:
        """Return what waits for a state."""
        ...

    def describe_time_to_live(self, **request: Any) -> Any:
        """Tell whether items expire."""
        ...

    def update_time_to_live(self, **request: Any) -> Any:
        """Let items expire."""
        ...


def create_table(client: TableClient, name: str) -> tuple[str, ...]:
    """Make the table where it is missing and let its items expire; return what was done, a line each.

    ConfigError where a table of that name is made for something else.
    """
    done: list[str] = []
    try:
        client.create_table(TableName=name, KeySchema=KEYS, AttributeDefinitions=TYPES, BillingMode="PAY_PER_REQUEST")
        done.append(f"Made the DynamoDB table {name}.")
    except client.exceptions.ResourceInUseException:
        _check(client, name)
    client.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": LOOK_EVERY_SECONDS, "MaxAttempts": LOOKS}
    )
    done += _let_expire(client, name)
    return tuple(done) or (f"The DynamoDB table {name} is there as it should be.",)


def _check(client: TableClient, name: str) -> None:
    table = client.describe_table(TableName=name)["Table"]
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    keys = [(one["AttributeName"], one["KeyType"], types[one["AttributeName"]]) for one in table["KeySchema"]]
    if keys != [("pk", "HASH", "S"), ("sk", "RANGE", "S")]:
        raise ConfigError(
            f"The DynamoDB table {name} is there, but not made for this bot: its key must be pk and sk, both texts. "
            "Name another one in STORE, or delete it."
        )


def _let_expire(client: TableClient, name: str) -> list[str]:
    try:
        now = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
        if now in ("ENABLED", "ENABLING"):
            return []
        client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES})
    except client.exceptions.ClientError as error:
        # Stand-ins for DynamoDB may not know it; nothing but tidiness depends on it.
        if error.response["Error"]["Code"] != "UnknownOperationException":
            raise
        return [f"Items of {name} do not expire: this DynamoDB cannot do it."]
    return [f"Items of {name} expire by their attribute {EXPIRES}."]
