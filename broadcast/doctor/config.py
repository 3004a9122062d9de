"""The doctor on the configuration: whether it can be used, and whether it says what its owner may have meant."""

from collections.abc import Iterator

from broadcast.config import Config, warnings
from broadcast.doctor.findings import Finding, mind, ok, wrong
from broadcast.errors import ConfigError
from broadcast.services import Services
from broadcast.texts import texts_for


def examine(bot: Services) -> Iterator[Finding]:
    """Yield whether the configuration can be used, and what it says that may not be meant."""
    path = bot.settings.config_path
    try:
        config = bot.config
    except ConfigError as error:
        for line in str(error).splitlines():
            yield wrong(
                "config", f"{line.rstrip('.')}.", "Mend it; flask --app bot check-config tells when it is right."
            )
        return
    if path.exists():
        yield ok("config", f"{path} can be used.")
    else:
        yield ok("config", f"There is no {path}, so every key has its default.")
    yield from _meaning(bot, config)


def _meaning(bot: Services, config: Config) -> Iterator[Finding]:
    for text in warnings(config):
        yield mind("config", text, f"Is that meant? If not, change `source` in {bot.settings.config_path}.")
    if not (config.source.bots_own_org or config.source.from_sender_list or config.membership.bots_own_org):
        says = "Anybody in any organization may add the bot to a space and broadcast from there."
        yield mind("config", says, "Turn on source.bots_own_org, source.from_sender_list or membership.bots_own_org.")
    faults: list[str] = []
    texts_for(config.locale or bot.settings.locale, faults.append)
    for fault in faults:
        yield mind("config", f"The {fault}.", "Correct `locale` in the configuration, or LOCALE.")
