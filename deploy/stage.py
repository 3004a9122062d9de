"""A stage and what it is called at AWS. Names only: nothing here asks AWS or changes anything."""

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage as zappa_settings.json describes it.

    `resource` is the name of its function, its table and its queue alike. `timeout` is the function's, in seconds.
    """

    name: str
    resource: str
    region: str
    bucket: str
    timeout: int
    architecture: str

    @property
    def dead_letters(self) -> str:
        """The name of the queue that keeps what nothing could do."""
        return f"{self.resource}-dead"

    @property
    def role(self) -> str:
        """The name of the role that Zappa makes for the function."""
        return f"{self.resource}-ZappaLambdaExecutionRole"

    @property
    def env_file(self) -> Path:
        """The stage's own variables."""
        return ROOT / f".env_{self.name}"

    @property
    def config_file(self) -> Path:
        """The stage's own configuration, which need not exist."""
        return ROOT / f"config_{self.name}.json"

    def variables(self, queue_url: str) -> dict[str, str]:
        """Return the environment the function runs in."""
        config = {"CONFIG_FILE": self.config_file.name} if self.config_file.exists() else {}
        return {
            "STORE": f"dynamodb:{self.resource}",
            "QUEUE": queue_url,
            "DOT_ENV_FILE": self.env_file.name,
            **config,
        }


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where at AWS: the partition (`aws`, but `aws-cn` in China), the region and the account's number."""

    partition: str
    region: str
    number: str

    def arn(self, service: str, name: str) -> str:
        """Return the full name of something."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.number}:{name}"


def policy(template: str, stage: Stage, account: Account) -> str:
    """Return what the function may do: the policy file with the names of this stage in it."""
    names = {
        "{partition}": account.partition,
        "{region}": account.region,
        "{account}": account.number,
        "{name}": stage.resource,
    }
    for placeholder, name in names.items():
        template = template.replace(placeholder, name)
    return json.dumps(json.loads(template))
