"""Every sentence the bot says, per locale. Data only.

Placeholders are filled by name. What begins with `page_`, `config_`, `warning_` or `token_` stands on a web page:
plain words, no Markdown, no HTML. Everything else goes into Webex messages as Markdown. A `why_…` is half a sentence
that fits behind a colon and behind "3 × "; a sentence with a number in it reads well for any number.
"""

LOCALES: dict[str, dict[str, str]] = {
    "en_US": {
        # In front of every broadcast
        "identity_group": "Message from <@personId:{id}|{name}>:",
        "identity_direct": "Message from {name} ({email}):",
        "identity_direct_no_email": "Message from {name}:",
        # Answers to the sender
        "refused": "Sorry, your message was not passed on: {why}.",
        "hint_empty": (
            "There was nothing in your message, so nothing was passed on. Write to me in a 1-1, or mention me "
            "in a space together with your text. One file can come with it; a JSON file with an Adaptive Card goes "
            "out as a card."
        ),
        "nothing_left": "Without the file nothing was left to pass on, so nothing was sent.",
        "event_failed": "Sorry, your message could not be passed on: {reason}",
        "waiting_rate_limit": "Webex asks me to slow down. I go on at {until}; you need not do anything.",
        # Files
        "files_left_out_names": "Webex takes one file per message. Not sent along: {names}",
        "files_left_out": "Webex takes one file per message. Files not sent along: {count}",
        "file_infected": "The file {name} was not sent along: Webex found malware in it.",
        "file_too_large": "The file {name} was not sent along: it is larger than {limit_mb} MB.",
        "file_empty": "The file {name} was not sent along: it is empty.",
        "file_gone": "The file {name} was not sent along: Webex does not have it any more.",
        "file_elsewhere": "The file {name} was not sent along: it is not stored at Webex, so I do not fetch it.",
        "file_scan_timeout": "The file {name} was not sent along: Webex is still scanning it for malware.",
        "file_failed": "The file {name} could not be fetched, so it was not sent along: {reason}",
        "file_unscannable": "The file {name} was sent along, but Webex could not scan it for malware.",
        "card_as_file": "Webex did not take the card, so it was sent as an ordinary file.",
        # Membership
        "outside_org": "I may only take part in spaces of {org}, and this is not one of them. I am leaving now.",
        "outside_org_unnamed": (
            "I may only take part in spaces of my own organization, and this is not one of them. I am leaving now."
        ),
        "make_moderator": (
            "Thank you for adding me to [{space}]({link}). Only moderators can post there, "
            "so please make me a moderator; until then I have to leave this space out."
        ),
        # The outcome of a broadcast
        "outcome_done": "Sent: {sent} (group spaces: {group}, 1-1s: {direct})",
        "outcome_failed": "Not delivered: {count}",
        "outcome_skipped": "Left out: {count}",
        "outcome_unknown": (
            "Uncertain: {count}. Webex did not answer, so the message may or may not have arrived. "
            "Please look there before you send it again."
        ),
        "outcome_nobody": "Nobody got your message: there is no space I may send it to.",
        "outcome_reason": "{count} × {why}",
        "outcome_space": "[{space}]({link})",
        "outcome_more": "and more: {count}",
        # Why somebody or some space is left out
        "why_": "no reason is known",
        "why_sender_is_bot": "I do not pass on messages of other bots",
        "why_sender_other_org": "only people of my own organization may send",
        "why_sender_not_listed": "you are not on the list of people who may send",
        "why_other_org": "the space does not belong to my organization",
        "why_not_senders_org": "the space does not belong to the sender's organization",
        "why_owner_unknown": "Webex does not say which organization the space belongs to",
        "why_announcement_only": "only moderators can post there, and I am none",
        "why_read_only": "the conversation is read-only",
        "why_person_gone": "the other person has left the conversation",
        "why_bot_removed": "I was removed from the space",
        "why_not_found": "Webex does not know the space any more",
        "why_forbidden": "Webex does not let me post there",
        "why_invalid": "Webex does not accept this message",
        "why_too_large": "the message or its file is too large for Webex",
        "why_gave_up": "Webex did not take it, however often I tried",
        "why_no_answer": "Webex did not answer",
        "why_file_gone": "Webex does not give me the message's file any more",
        "why_other": "an unknown error",
        # Pages: all of them
        "page_title": "{name} – Webex broadcast bot",
        "page_title_unnamed": "Webex broadcast bot",
        "page_hello": "Hello World!",
        "page_running": "{name} is running.",
        "page_version": "Version {version}",
        "page_avatar": "Picture of {name}",
        "page_not_found": "There is no such page.",
        "page_error": "Something went wrong here. The log of the bot says what.",
        "page_no_token": "The bot has no access token, so it cannot speak to Webex.",
        "page_no_token_how": (
            "Make a bot at https://developer.webex.com/my-apps/new/bot, put its token into the environment variable "
            "WEBEX_TEAMS_ACCESS_TOKEN or into the file .env, and start the bot again."
        ),
        "token_refused": "Webex does not accept the access token.",
        "token_refused_how": (
            "Renew it at https://developer.webex.com/my-apps, put it into WEBEX_TEAMS_ACCESS_TOKEN and start the bot "
            "again."
        ),
        "page_token_not_bot": (
            "The access token belongs to a person ({name}), not to a bot. Please put a bot's token into "
            "WEBEX_TEAMS_ACCESS_TOKEN."
        ),
        "page_webex_silent": "Webex does not answer: {reason}",
        "page_next_step": "Next step",
        "page_next_step_setup": "Open {url} once, so that Webex tells the bot about messages.",
        "page_next_step_send": "Write to {email} in Webex: the bot passes your message on to its spaces.",
        # Pages: the setup page
        "page_setup_heading": "{name} is set up",
        "page_setup_not_done": "{name} is not set up yet",
        "page_setup_url": "Hosted at",
        "page_setup_webhooks": "Webhooks",
        "page_setup_resource": "Resource",
        "page_setup_event": "Event",
        "page_setup_filter": "Filter",
        "page_setup_status": "Status",
        "page_setup_active": "active",
        "page_setup_inactive": "inactive",
        "page_setup_missing": "missing",
        "page_setup_not_offered": "not offered by Webex",
        "page_setup_failed": "could not be set up: {reason}",
        "page_setup_spaces": "Spaces the bot is in: {count}",
        "page_setup_spaces_unknown": "Spaces the bot is in: Webex does not tell at the moment",
        "page_setup_config": "Configuration",
        "page_setup_config_file": "Read from {file}",
        "page_setup_config_fault": "The configuration file cannot be used; the last good one stays in force.",
        "page_setup_again": "You can open this page again at any time: what is right already stays as it is.",
        "page_setup_refused": "The webhooks point to another host, {host}, and were left alone.",
        "page_setup_refused_how": "To move them to this host, do one of these:",
        "page_setup_refused_base_url": "Set the environment variable BASE_URL to the public URL of this bot.",
        "page_setup_refused_key": (
            "Set the environment variable SETUP_KEY and open this page with ?key= and its value at the end of the URL."
        ),
        "page_setup_refused_command": "Run: flask --app bot webhooks set {url}",
        "page_setup_refused_wrong_key": "The key in the URL is not the value of SETUP_KEY.",
        "page_setup_secretless": (
            "Some webhooks were made without a secret by an earlier version, so their events are refused. "
            "Open {url} once to renew them."
        ),
        # The configuration in words
        "config_senders_anybody": "Anybody may send.",
        "config_senders_own_org": "People of the bot's own organization may send.",
        "config_senders_list": "People on the sender list may send (addresses: {count}).",
        "config_senders_own_org_and_list": (
            "People on the sender list may send if they are of the bot's own organization (addresses: {count})."
        ),
        "config_tell_refused": "Everybody else is told that the message was not passed on.",
        "config_tell_refused_not": "Everybody else gets no answer.",
        "config_destinations_all": "Messages go to every space the bot is in.",
        "config_destinations_bots_own_org": "Messages go to the spaces of the bot's own organization.",
        "config_destinations_senders_own_org": "Messages go to the spaces of the sender's own organization.",
        "config_destinations_both_orgs": (
            "Messages go to the spaces that belong to both the bot's and the sender's own organization."
        ),
        "config_mention_all": "@all in a message notifies everybody in every space.",
        "config_mention_all_not": "@all in a message notifies nobody.",
        "config_membership_any": "The bot stays in every space it is added to.",
        "config_membership_own_org": "The bot leaves the spaces of other organizations.",
        "config_unknown_ask": "Where Webex does not answer, the bot does not send again by itself.",
        "config_unknown_resend": "Where Webex does not answer, the bot sends again; a message may arrive twice.",
        "config_give_up": "Minutes until the bot gives up on a space that Webex keeps refusing: {minutes}",
        "config_report_thread": "The sender is told the outcome in the thread of the message.",
        "config_report_thread_not": "The sender is not told the outcome in the thread of the message.",
        "config_locale": "The bot speaks {locale}.",
        "config_retention": "Days for which finished broadcasts are remembered: {days}",
        "warning_nobody_may_send": (
            "Nobody may send: source.from_sender_list is on and source.sender_list has no address in it."
        ),
        "warning_anybody_may_send": (
            "Anybody who finds the bot may send: source.bots_own_org and source.from_sender_list are both off."
        ),
        "warning_list_unused": "The sender list is not used: source.from_sender_list is off.",
    },
    "cs_CZ": {
        "identity_group": "Zpráva od <@personId:{id}|{name}>:",
        "identity_direct": "Zpráva od {name} ({email}):",
        "identity_direct_no_email": "Zpráva od {name}:",
        "refused": "Vaši zprávu bohužel nemohu rozeslat: {why}.",
        "hint_empty": (
            "Ve zprávě nic nebylo, a tak jsem nic nerozeslal. Napište mi v přímé konverzaci, nebo mě v prostoru zmiňte "
            "společně s textem. Přiložit můžete jeden soubor; soubor JSON s kartou (Adaptive Card) rozešlu jako kartu."
        ),
        "nothing_left": "Bez souboru ze zprávy nic nezbylo, a tak jsem nic nerozeslal.",
        "event_failed": "Vaši zprávu se bohužel nepodařilo rozeslat: {reason}",
        "waiting_rate_limit": "Webex mě žádá, abych zpomalil. Pokračovat budu v {until}, nemusíte nic dělat.",
        "files_left_out_names": "Webex přijímá v jedné zprávě jen jeden soubor. Nerozesláno: {names}",
        "files_left_out": "Webex přijímá v jedné zprávě jen jeden soubor. Počet nerozeslaných souborů: {count}",
        "file_infected": "Soubor {name} jsem nerozeslal: Webex v něm našel škodlivý kód.",
        "file_too_large": "Soubor {name} jsem nerozeslal: je větší než {limit_mb} MB.",
        "file_empty": "Soubor {name} jsem nerozeslal: je prázdný.",
        "file_gone": "Soubor {name} jsem nerozeslal: Webex už ho nemá.",
        "file_elsewhere": "Soubor {name} jsem nerozeslal: není uložen ve Webexu, a proto ho nestahuji.",
        "file_scan_timeout": "Soubor {name} jsem nerozeslal: Webex ho stále kontroluje na škodlivý kód.",
        "file_failed": "Soubor {name} se nepodařilo stáhnout, a tak jsem ho nerozeslal: {reason}",
        "file_unscannable": "Soubor {name} jsem rozeslal, ale Webex ho nemohl zkontrolovat na škodlivý kód.",
        "card_as_file": "Webex kartu nepřijal, a tak jsem ji rozeslal jako obyčejný soubor.",
        "outside_org": (
            "Smím být jen v prostorech organizace {org} a tento prostor k nim nepatří. Proto ho teď opouštím."
        ),
        "outside_org_unnamed": (
            "Smím být jen v prostorech své organizace a tento prostor k nim nepatří. Proto ho teď opouštím."
        ),
        "make_moderator": (
            "Děkuji za přidání do prostoru [{space}]({link}). Psát tam mohou jen moderátoři, proto mě prosím "
            "jmenujte moderátorem; do té doby musím tento prostor vynechávat."
        ),
        "outcome_done": "Odesláno: {sent} (skupinové prostory: {group}, přímé konverzace: {direct})",
        "outcome_failed": "Nedoručeno: {count}",
        "outcome_skipped": "Vynecháno: {count}",
        "outcome_unknown": (
            "Nejisté: {count}. Webex neodpověděl, takže zpráva možná dorazila a možná ne. "
            "Než ji pošlete znovu, podívejte se tam prosím."
        ),
        "outcome_nobody": "Vaši zprávu nikdo nedostal: není žádný prostor, kam bych ji směl poslat.",
        "outcome_reason": "{count} × {why}",
        "outcome_space": "[{space}]({link})",
        "outcome_more": "a další: {count}",
        "why_": "důvod není znám",
        "why_sender_is_bot": "zprávy jiných botů nerozesílám",
        "why_sender_other_org": "rozesílat smějí jen lidé z mé organizace",
        "why_sender_not_listed": "nejste na seznamu těch, kdo smějí rozesílat",
        "why_other_org": "prostor nepatří mé organizaci",
        "why_not_senders_org": "prostor nepatří organizaci odesílatele",
        "why_owner_unknown": "Webex neříká, které organizaci prostor patří",
        "why_announcement_only": "psát tam mohou jen moderátoři a já jím nejsem",
        "why_read_only": "konverzace je jen ke čtení",
        "why_person_gone": "druhá osoba konverzaci opustila",
        "why_bot_removed": "z prostoru jsem byl odebrán",
        "why_not_found": "Webex už prostor nezná",
        "why_forbidden": "Webex mi tam nedovolí psát",
        "why_invalid": "Webex takovou zprávu nepřijímá",
        "why_too_large": "zpráva nebo její soubor jsou na Webex příliš velké",
        "why_gave_up": "Webex zprávu nepřijal ani po opakovaných pokusech",
        "why_no_answer": "Webex neodpověděl",
        "why_file_gone": "Webex mi už soubor ze zprávy nedá",
        "why_other": "neznámá chyba",
        "page_title": "{name} – rozesílací bot pro Webex",
        "page_title_unnamed": "Rozesílací bot pro Webex",
        "page_hello": "Hello World!",
        "page_running": "{name} běží.",
        "page_version": "Verze {version}",
        "page_avatar": "Obrázek bota {name}",
        "page_not_found": "Taková stránka tu není.",
        "page_error": "Něco se tu nepovedlo. Podrobnosti jsou v logu bota.",
        "page_no_token": "Bot nemá přístupový token, a tak nemůže s Webexem mluvit.",
        "page_no_token_how": (
            "Vytvořte bota na https://developer.webex.com/my-apps/new/bot, jeho token vložte do proměnné prostředí "
            "WEBEX_TEAMS_ACCESS_TOKEN nebo do souboru .env a spusťte bota znovu."
        ),
        "token_refused": "Webex přístupový token nepřijímá.",
        "token_refused_how": (
            "Obnovte ho na https://developer.webex.com/my-apps, vložte ho do WEBEX_TEAMS_ACCESS_TOKEN a spusťte bota "
            "znovu."
        ),
        "page_token_not_bot": (
            "Přístupový token patří člověku ({name}), ne botovi. Vložte prosím do WEBEX_TEAMS_ACCESS_TOKEN token bota."
        ),
        "page_webex_silent": "Webex neodpovídá: {reason}",
        "page_next_step": "Další krok",
        "page_next_step_setup": "Otevřete jednou {url}, aby Webex botovi hlásil zprávy.",
        "page_next_step_send": "Napište ve Webexu na {email}: bot vaši zprávu rozešle do svých prostorů.",
        "page_setup_heading": "{name} je připraven",
        "page_setup_not_done": "{name} ještě není připraven",
        "page_setup_url": "Adresa",
        "page_setup_webhooks": "Webhooky",
        "page_setup_resource": "Zdroj",
        "page_setup_event": "Událost",
        "page_setup_filter": "Filtr",
        "page_setup_status": "Stav",
        "page_setup_active": "aktivní",
        "page_setup_inactive": "neaktivní",
        "page_setup_missing": "chybí",
        "page_setup_not_offered": "Webex ho nenabízí",
        "page_setup_failed": "nepodařilo se ho nastavit: {reason}",
        "page_setup_spaces": "Počet prostorů, ve kterých bot je: {count}",
        "page_setup_spaces_unknown": "Počet prostorů, ve kterých bot je: Webex ho teď neříká",
        "page_setup_config": "Konfigurace",
        "page_setup_config_file": "Ze souboru {file}",
        "page_setup_config_fault": "Konfigurační soubor nelze použít; platí dál poslední správná konfigurace.",
        "page_setup_again": "Tuto stránku můžete kdykoli otevřít znovu: co je v pořádku, zůstane, jak je.",
        "page_setup_refused": "Webhooky míří na jiný server, {host}, a zůstaly beze změny.",
        "page_setup_refused_how": "Chcete-li je přesunout sem, udělejte jedno z následujícího:",
        "page_setup_refused_base_url": "Nastavte proměnnou prostředí BASE_URL na veřejnou adresu tohoto bota.",
        "page_setup_refused_key": (
            "Nastavte proměnnou prostředí SETUP_KEY a otevřete tuto stránku s ?key= a její hodnotou na konci adresy."
        ),
        "page_setup_refused_command": "Spusťte: flask --app bot webhooks set {url}",
        "page_setup_refused_wrong_key": "Klíč v adrese není hodnota SETUP_KEY.",
        "page_setup_secretless": (
            "Některé webhooky vytvořila starší verze bez tajného klíče, proto se jejich události odmítají. "
            "Otevřete jednou {url} a obnoví se."
        ),
        "config_senders_anybody": "Rozesílat smí kdokoli.",
        "config_senders_own_org": "Rozesílat smějí lidé z organizace bota.",
        "config_senders_list": "Rozesílat smějí lidé ze seznamu odesílatelů (počet adres: {count}).",
        "config_senders_own_org_and_list": (
            "Rozesílat smějí lidé ze seznamu odesílatelů, pokud jsou z organizace bota (počet adres: {count})."
        ),
        "config_tell_refused": "Ostatním bot odpoví, že zprávu nerozeslal.",
        "config_tell_refused_not": "Ostatním bot neodpovídá.",
        "config_destinations_all": "Zprávy jdou do všech prostorů, ve kterých bot je.",
        "config_destinations_bots_own_org": "Zprávy jdou do prostorů organizace bota.",
        "config_destinations_senders_own_org": "Zprávy jdou do prostorů organizace odesílatele.",
        "config_destinations_both_orgs": (
            "Zprávy jdou do prostorů, které patří organizaci bota a zároveň organizaci odesílatele."
        ),
        "config_mention_all": "@all ve zprávě upozorní všechny ve všech prostorech.",
        "config_mention_all_not": "@all ve zprávě neupozorní nikoho.",
        "config_membership_any": "Bot zůstane v každém prostoru, do kterého je přidán.",
        "config_membership_own_org": "Bot opouští prostory jiných organizací.",
        "config_unknown_ask": "Kde Webex neodpoví, tam bot sám znovu neposílá.",
        "config_unknown_resend": "Kde Webex neodpoví, tam bot pošle zprávu znovu; může přijít dvakrát.",
        "config_give_up": "Počet minut, po kterých bot přestane zkoušet prostor, který Webex odmítá: {minutes}",
        "config_report_thread": "Výsledek se odesílatel dozví ve vlákně své zprávy.",
        "config_report_thread_not": "Výsledek se odesílatel ve vlákně své zprávy nedozví.",
        "config_locale": "Bot mluví jazykem {locale}.",
        "config_retention": "Počet dní, po něž si bot pamatuje dokončená rozeslání: {days}",
        "warning_nobody_may_send": (
            "Rozesílat nesmí nikdo: source.from_sender_list je zapnuto a v source.sender_list není žádná adresa."
        ),
        "warning_anybody_may_send": (
            "Rozesílat smí každý, kdo bota najde: source.bots_own_org i source.from_sender_list jsou vypnuté."
        ),
        "warning_list_unused": "Seznam odesílatelů se nepoužívá: source.from_sender_list je vypnuto.",
    },
}
