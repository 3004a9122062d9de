"""What the bot says, in the language it was asked for. The sentences are in `localization_strings.py`.

No I/O. Values are put in as they come: whoever passes one from outside has made it harmless before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broadcast.model import Why
from localization_strings import LOCALES

DEFAULT_LOCALE = "en_US"


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The sentences of one locale; one that it lacks is said in English."""

    locale: str
    sentences: Mapping[str, str]

    def say(self, key: str, /, **values: object) -> str:
        """Return the sentence with its values put in; an empty one is left out with the blank before it.

        Raises KeyError for a key that no locale has, and for a value that the sentence needs and is not given.
        """
        template = self.sentences.get(key) or LOCALES[DEFAULT_LOCALE][key]
        for name in (name for name, value in values.items() if value == ""):
            template = template.replace(f" {{{name}}}", "")
        return template.format(**values)

    def why(self, why: Why) -> str:
        """Return a reason in words."""
        return self.say(f"why_{why}")


ENGLISH = Texts(locale=DEFAULT_LOCALE, sentences=LOCALES[DEFAULT_LOCALE])


def texts_for(name: str | None, fallback_warning: Callable[[str], None]) -> Texts:
    """Return the texts of a locale such as "cs_CZ", "cs-cz", "cs" or "cs_CZ.UTF-8"; without a name the English ones.

    A country nobody has written texts for gets those of its language. A name that fits no language gets the English
    ones, and `fallback_warning` one sentence that says so.
    """
    if not name or not name.strip():
        return ENGLISH
    locale = _known(name)
    if locale is None:
        known = ", ".join(LOCALES)
        fallback_warning(f"locale {name!r} is not known (known: {known}); the bot speaks {DEFAULT_LOCALE}")
        return ENGLISH
    return Texts(locale=locale, sentences=LOCALES[locale])


def _known(name: str) -> str | None:
    wanted = name.strip().partition(".")[0].partition("@")[0].replace("-", "_").casefold()
    by_name = {locale.casefold(): locale for locale in LOCALES}
    by_language = {locale.partition("_")[0]: locale for locale in by_name}
    return by_name.get(wanted) or by_name.get(by_language.get(wanted.partition("_")[0], ""))
