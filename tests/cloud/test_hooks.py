"""What a person is told whose deploy cannot be done: what is wrong, where it is set, what to do."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click import ClickException

from deploy.probe import check_health
from deploy.stage import Stage as DeployedStage
from tests.cloud.conftest import Aws, Package
from tests.cloud.project import BUCKET, Done, Project, make_project
from tests.cloud.tampering import Answering
from tests.contract.records import message_event
from tests.story.stage import Stage
from tests.story.test_pages import switch_off

NAME = "broadcast-bot-dev"
MARKUPSAFE = f"MarkupSafe=={version('markupsafe')}"
LIBRARIES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


@pytest.fixture(scope="module")
def filled_in(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was filled in as the guide says."""
    return make_project(tmp_path_factory.mktemp("hooks") / "project", environment)


@pytest.fixture
def project(filled_in: Project) -> Iterator[Project]:
    """The same, and as before after the test."""
    kept = {path: path.read_bytes() for path in filled_in.folder.iterdir() if path.is_file()}
    yield filled_in
    for path in filled_in.folder.iterdir():
        if path.is_file() and path not in kept:
            path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.fixture
def deploy(project: Project, aws: Aws) -> Callable[..., Done]:
    """Return a way to run `zappa deploy dev` against an AWS in which nothing is."""
    aws.reset()

    def run(**variables: str) -> Done:
        given = {key: value for key, value in {**aws.variables, **variables}.items() if value}
        return project.zappa("deploy", "dev", variables=given)

    return run


def has_nothing(aws: Aws) -> bool:
    """Say whether nothing has been made."""
    made: list[Any] = [
        *aws.client("sqs").list_queues().get("QueueUrls", []),
        *aws.client("dynamodb").list_tables()["TableNames"],
        *aws.client("s3").list_buckets()["Buckets"],
        *aws.client("iam").list_roles()["Roles"],
        *aws.client("lambda").list_functions()["Functions"],
    ]
    return made == []


# What is wrong in the project


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, ".env_dev: there is no such file beside zappa_settings.json"),
        ("LOG_LEVEL=INFO\n", ".env_dev has no WEBEX_TEAMS_ACCESS_TOKEN"),
        ("WEBEX_TEAMS_ACCESS_TOKEN=\n", ".env_dev has no WEBEX_TEAMS_ACCESS_TOKEN"),
        ("WEBEX_TEAMS_ACCESS_TOKEN=t\nCONFIG_FILE=config/a.json\n", "Call the file config_dev.json"),
        ("WEBEX_TEAMS_ACCESS_TOKEN=t\nBASE_URL=bot.example.com\n", "BASE_URL is 'bot.example.com'"),
    ],
)
def test_variables_the_bot_would_not_start_with_are_refused(
    project: Project, aws: Aws, deploy: Callable[..., Done], text: str | None, says: str
) -> None:
    """No file, no token, a configuration that is not shipped, a wrong value: told before anything is made."""
    (project.folder / ".env_dev").unlink() if text is None else project.write(".env_dev", text)
    done = deploy()
    assert done.status == 1
    assert says in done.said
    assert has_nothing(aws)


def test_a_configuration_the_bot_would_not_start_with_is_refused(
    project: Project, aws: Aws, deploy: Callable[..., Done]
) -> None:
    """File, key and fault are named."""
    project.write("config_dev.json", '{"source": {"from_sender_lst": true}}')
    done = deploy()
    assert done.status == 1
    assert "config_dev.json: source.from_sender_lst: unknown key; did you mean source.from_sender_list?" in done.said
    assert has_nothing(aws)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"s3_bucket": ""}, "\"s3_bucket\" of stage 'dev' in zappa_settings.json is empty"),
        ({"s3_bucket": "Has Spaces"}, "which cannot be the name of a bucket"),
        ({"runtime": "python3.9"}, "take the key out"),
        (
            {"aws_region": "mars-1"},
            "\"aws_region\" of stage 'dev' in zappa_settings.json is 'mars-1', which is no region",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(
    project: Project, aws: Aws, deploy: Callable[..., Done], changes: dict[str, str], says: str
) -> None:
    """The key, the stage and the file are named."""
    project.set_up("dev", **changes)
    done = deploy()
    assert done.status == 1
    assert says.lower() in done.said.lower()
    assert has_nothing(aws)


# What is wrong on the way to AWS


def test_without_credentials_it_says_where_they_belong(aws: Aws, deploy: Callable[..., Done]) -> None:
    """The three places are named, and the sample."""
    done = deploy(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.status == 1
    assert "There are no AWS credentials" in done.said
    assert "~/.boto (copy .boto_sample there and fill it in)" in done.said
    assert has_nothing(aws)


def test_the_sample_of_boto_is_what_boto_reads(project: Project, aws: Aws, deploy: Callable[..., Done]) -> None:
    """Copied to ~/.boto and filled in, it is all that is needed: the next fault is another one."""
    sample = (project.folder / ".boto_sample").read_text(encoding="utf-8")
    (project.folder.parent / ".boto").write_text(sample, encoding="utf-8")
    project.set_up("dev", s3_bucket="")
    done = deploy(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    (project.folder.parent / ".boto").unlink()
    assert '"s3_bucket"' in done.said


def test_a_key_that_aws_does_not_know_is_named(aws: Aws, deploy: Callable[..., Done]) -> None:
    """It is the credentials that are wrong, and the message says so."""
    with aws.checking_keys():
        done = deploy()
    assert done.status == 1
    assert "AWS does not accept the credentials (InvalidClientTokenId" in done.said
    assert has_nothing(aws)


def test_an_aws_that_does_not_answer_is_no_riddle(aws: Aws, deploy: Callable[..., Done]) -> None:
    """Where an endpoint is set it is named."""
    done = deploy(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert done.status == 1
    assert "AWS_ENDPOINT_URL is set to http://127.0.0.1:9, and nothing answers there" in done.said


def test_a_region_that_does_not_answer_is_named(project: Project, deploy: Callable[..., Done]) -> None:
    """A slip in the name of the region, which only fails when AWS is called, is told with what was meant."""
    project.set_up("dev", aws_region="eu-centrall-1")
    alone = {"NO_PROXY": "", "HTTPS_PROXY": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": "", "AWS_MAX_ATTEMPTS": "1"}
    done = deploy(**alone)
    assert done.status == 1
    assert "AWS does not answer in region 'eu-centrall-1'" in done.said
    assert "did you mean eu-central-1?" in done.said


def test_two_regions_are_not_guessed_between(aws: Aws, deploy: Callable[..., Done]) -> None:
    """A region in the environment that is not the one of the settings would win; it is refused."""
    done = deploy(AWS_DEFAULT_REGION="eu-central-1")
    assert done.status == 1
    assert "Unset AWS_DEFAULT_REGION, or make them the same" in done.said
    assert has_nothing(aws)


def test_a_bucket_of_somebody_else_is_not_used(aws: Aws, deploy: Callable[..., Done]) -> None:
    """It is told before queue, table and role are made."""
    role = aws.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/other", RoleSessionName="other")
    key = role["Credentials"]
    other = aws.client(
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    other.create_bucket(Bucket=f"{BUCKET}-dev")
    done = deploy()
    assert done.status == 1
    assert f"The bucket '{BUCKET}-dev' belongs to somebody else" in done.said
    assert "queue" not in done.said
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []


# What is in the way at AWS


def test_a_table_of_something_else_is_not_taken(aws: Aws, deploy: Callable[..., Done]) -> None:
    """It is named, with what its name comes from, and what was made before it is explained."""
    aws.client("dynamodb").create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    done = deploy()
    assert done.status == 1
    assert f"The DynamoDB table {NAME} is there, but not made for this bot" in done.said
    assert "The deploy of stage 'dev' did not come to its end" in done.said


def test_a_table_that_lets_go_of_something_else_is_not_taken(aws: Aws, deploy: Callable[..., Done]) -> None:
    """TTL on a wrong attribute cannot be put right at once by anybody; the way to do it is told."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    wrong = {"Enabled": True, "AttributeName": "other"}
    dynamodb.update_time_to_live(TableName=NAME, TimeToLiveSpecification=wrong)
    done = deploy()
    assert done.status == 1
    assert "its TTL must be on the attribute 'expires', but is on other" in done.said


# What the new version says about itself

QUARTER = 15 * 60
DEV = DeployedStage(name="dev", resource=NAME, region="us-east-1", bucket=BUCKET, timeout=300, architecture="x86_64")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a bot with a queue whose worker has not come for an event for more than a quarter of an hour."""
    made = Stage(tmp_path, pace=1)
    made.ledger.record(message_event("waits"), time.time() - QUARTER - 60)
    yield made
    made.close()


def probe(stage: Stage) -> None:
    """Have the deploy ask a function that says of itself what this bot does."""
    answer = stage.get("/healthz")
    assert answer.status_code == 503
    check_health(DEV, Answering(answer.status_code, answer.text))


def test_an_event_that_has_waited_is_no_fault_of_the_version_that_will_take_it_up(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The deploy ends well; what the bot says for now is told, and that it passes."""
    probe(stage.open(QUEUE="http://127.0.0.1:9/1/q", is_set_up=False))
    said = capsys.readouterr().out
    assert "For now it says: An event has waited for 16 minutes" in said
    assert "That passes" in said


def test_webhooks_that_the_next_step_sets_right_are_no_fault_of_the_new_version(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Webex has switched them off: the deploy ends well, and says so."""
    for webhook in stage.open().webhooks():
        switch_off(stage, webhook)
    probe(stage)
    assert "For now it says: Webex has disabled or lost the webhooks: open /webhook once." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"WEBEX_TEAMS_ACCESS_TOKEN": ""}, "no access token"),
        ({"CONFIG_FILE": "missing.json"}, "missing.json: there is no such file"),
        ({"STORE": "sqlite:////dev/null/broadcast.db"}, "/dev/null"),
    ],
)
def test_what_somebody_has_to_mend_ends_the_deploy_whatever_waits(
    stage: Stage, variables: dict[str, str], says: str
) -> None:
    """Token, configuration or store: it is named, without what would pass by itself."""
    stage.open(QUEUE="http://127.0.0.1:9/1/q", is_set_up=False, **variables)
    with pytest.raises(ClickException, match="cannot do its job") as refusal:
        probe(stage)
    assert says in refusal.value.message
    assert "An event has waited" not in refusal.value.message


# What is packed from an environment that does not fit


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of packages that has one: MarkupSafe, built for Lambda."""
    folder = tmp_path_factory.mktemp("wheels")
    words = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64"]
    subprocess.run([sys.executable, "-m", "pip", *words, "--dest", folder, MARKUPSAFE], check=True)
    return folder


@pytest.fixture
def mac(environment: Path, tmp_path: Path) -> Path:
    """An environment in which MarkupSafe was built for macOS, and the rest is as it should be."""
    venv = tmp_path / "venv"
    (venv / LIBRARIES).mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(environment / "bin" / "python")
    shutil.copy(environment / "pyvenv.cfg", venv)
    for path in (environment / LIBRARIES).iterdir():
        if not path.name.startswith("markupsafe"):
            (venv / LIBRARIES / path.name).symlink_to(path)
    for path in (environment / LIBRARIES).glob("markupsafe*"):
        shutil.copytree(path, venv / LIBRARIES / path.name, ignore=shutil.ignore_patterns("*.so", "WHEEL"))
    (information,) = (venv / LIBRARIES).glob("markupsafe-*.dist-info")
    (information / "WHEEL").write_text("Tag: cp313-cp313-macosx_11_0_arm64\n", encoding="utf-8")
    (venv / "bin" / "zappa").write_text(f"#!{venv}/bin/python\nfrom zappa.cli import handle\nhandle()\n")
    (venv / "bin" / "zappa").chmod(0o755)
    return venv


def test_packages_of_another_system_are_fetched_for_lambda(
    mac: Path, wheels: Path, package: Package, tmp_path: Path
) -> None:
    """Deployed from a Mac, the package holds what runs on Lambda all the same."""
    project = make_project(tmp_path / "project", mac)
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    done = project.zappa("package", "dev", "--output", "package.zip", variables=index)
    assert f"Packed for Lambda instead of for this machine: {MARKUPSAFE}" in done.said
    with ZipFile(project.folder / "package.zip") as archive:
        assert set(archive.namelist()) == package.names


def test_packages_of_another_system_that_cannot_be_had_stop_it(mac: Path, tmp_path: Path) -> None:
    """They are named; a package that would not start is not made."""
    done = make_project(tmp_path / "project", mac).zappa("package", "dev", variables={"PIP_NO_INDEX": "1"})
    assert done.status == 1
    assert f"{MARKUPSAFE}: built for another system than Lambda's (Linux on x86_64)" in done.said
