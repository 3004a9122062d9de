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
        # The thread of a broadcast: what goes out, and how far it is
        "opened": "Passing your message on to {planned} spaces (group spaces: {group}, 1-1s: {direct}){time}.",
        "opened_time": ", in about {time}",
        "opened_behind": "It waits for an earlier message first; {ahead} deliveries of that are left.",
        "progress": "Sent: {sent} of {planned} ({percent} %){time}.",
        "progress_time": ", {time} to go",
        "progress_edit": "Edited: {sent} of {planned} ({percent} %){time}.",
        "progress_recall": "Taken back: {sent} of {planned} ({percent} %){time}.",
        "progress_done": "All {planned} are dealt with.",
        "progress_behind": "It waits for an earlier message.",
        "progress_paused": "Webex asks me to slow down; I go on at {until}.",
        "progress_outage": "Webex does not take messages at the moment; I try again at {until}.",
        "duration_seconds": "{count} s",
        "duration_minutes": "{count} min",
        "duration_hours": "{count} h",
        "live_page": "[Details]({link})",
        "outcome_duration": "Duration: {time}",
        "outcome_cancelled": "This broadcast was cancelled.",
        "outcome_edited": "Edited: {count}",
        "outcome_recalled": "Taken back: {count}",
        "outcome_not_edited": "Not edited: {count}",
        "outcome_not_recalled": "Still there: {count}",
        "outcome_unsure": "Uncertain: {count}. It is not known whether the message ever came there.",
        "outcome_nothing_to_change": "There was nothing to change: no copy is there.",
        "how_to_act": "Reply in this thread: {words}",
        "how_to_recall": "`recall` takes every copy back",
        "how_to_retry": "`retry` sends the failed again",
        "how_to_retry_unknown": "`retry unknown` sends the uncertain again",
        "how_to_report": "`report` brings the list as a file",
        # Steering a broadcast
        "button_status": "Status",
        "button_cancel": "Cancel",
        "button_recall": "Take back",
        "button_retry": "Send the failed again",
        "button_retry_unknown": "Send the uncertain again",
        "button_report": "List as a file",
        "button_send": "Send",
        "button_drop": "Do not send",
        "steer_help": (
            "Reply in the thread of your message, or use the buttons:\n"
            "- `status` – how far it is\n"
            "- `cancel` – send nothing more of it\n"
            "- `recall` – take every copy back; deleting your message does the same\n"
            "- `retry` – send it again where it failed; `retry unknown` – where nobody knows\n"
            "- `edit: new text` – change every copy; editing your message does the same\n"
            "- `report` – the list of all spaces as a file\n"
            "- `help` – this text"
        ),
        "steer_not_yours": "Only {name}, who sent it, and administrators may steer this broadcast.",
        "steer_unknown": "I know of no broadcast in this thread, so there is nothing to steer.",
        "steer_did_you_mean": (
            "Did you mean `{word}`? I did not pass your reply on. Write the word alone to steer this broadcast, or "
            "write outside of this thread to send a message."
        ),
        "steer_cancelled": "Cancelled: {waiting} will not go out. Sent already, or on its way: {sent}.",
        "steer_cancelled_recall": "Reply `recall` to take back what has gone out.",
        "steer_nothing_waits": "Nothing of it waits any more: sent {sent}, failed {failed}, uncertain {unknown}.",
        "steer_recalling": "Taking it back: {count} copies. Not sent any more: {waiting}.",
        "steer_recalling_again": "Trying again to take it back: {count}.",
        "steer_recall_runs": "It is being taken back already. {text}",
        "steer_recall_done": "It has been taken back already.",
        "steer_was_recalled": "It was taken back, so this is not possible any more.",
        "steer_retrying": "Sending again: {count}.",
        "steer_editing_again": "Editing again where the new text did not arrive: {count} copies.",
        "steer_still_runs": "It is still being sent; what failed can be sent again when that is done.",
        "steer_nothing_failed": "Nothing failed.",
        "steer_unknown_left": "Uncertain: {count}. Reply `retry unknown` to send it there again; it may arrive twice.",
        "steer_nothing_unknown": "Nothing is uncertain.",
        "steer_editing": "Changing every copy: {count}. What has not gone out yet goes out in the new form.",
        "steer_same_text": "The text is the same as before, so nothing was changed.",
        "steer_edit_empty": "Write the new text behind `edit:`.",
        "steer_edit_form": (
            "Webex cannot change a message with a file or a card. Reply `recall` to take it back, and send it anew."
        ),
        "steer_edit_spent": (
            "Webex takes no more than ten edits of a message. Reply `recall` to take it back, and send it anew."
        ),
        "steer_edit_refused": "The edit was not passed on: {why}.",
        "steer_deleted": "You deleted your message of {time}, so I take it back: {count} copies. Not sent: {waiting}.",
        "steer_deleted_by_other": (
            "Your message of {time} was deleted, but not by you, so its copies stay. The button takes them back."
        ),
        "steer_report": "What became of it: {count} spaces.",
        # Look before you leap
        "ask_heading": "Not sent yet. This would go to {planned} spaces (group spaces: {group}, 1-1s: {direct}){time}.",
        "ask_preview": "This is what would go out:",
        "ask_many": "That is more than {above}.",
        "ask_same": "You sent the same within the last minutes: {minutes}.",
        "ask_often": "You sent {count} broadcasts within the last hour.",
        "ask_sample": "For example: {names}",
        "ask_until": "Press Send or reply `send`; press Do not send or reply `cancel`. It is dropped at {until}.",
        "ask_dropped": "Your message was not sent.",
        "ask_expired": "That was too long ago, so nothing was sent. Please send your message again.",
        "ask_void": "Your message has changed since, so nothing was sent. Please send it again.",
        "ask_over": "This was decided already.",
        "ask_not_yours": "Only {name} may decide about this message.",
        # Questions that begin with a slash
        "slash_help": (
            "Whatever you write to me goes to all spaces that my configuration allows. In a space, mention me.\n"
            "- `/spaces` – where a message of yours would go, and why not elsewhere\n"
            "- `/history` – what you sent\n"
            "- `/help` – this text"
        ),
        "slash_spaces": "A message of yours would go to {planned} spaces (group spaces: {group}, 1-1s: {direct}).",
        "slash_history_none": "You have not sent anything yet.",
        "slash_history_line": (
            "{time}: planned {planned}, sent {sent}, failed {failed}, skipped {skipped}, uncertain {unknown}"
        ),
        "slash_history_page": "[All of them]({link})",
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
        "why_cancelled": "the broadcast was cancelled",
        "why_superseded": "a newer edit took its place",
        "why_no_copy": "there is no copy of the message",
        "why_edit_refused": "Webex does not let me change the message",
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
        "page_is_set_up": "Webex tells the bot about messages. After a move or a change of token, open {url} again.",
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
        "page_setup_not_offered": "not offered by Webex",
        "page_setup_busy": "Others are setting the webhooks up just now. Reload this page in a few seconds.",
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
        "config_admins": "Administrators may steer other people's broadcasts (addresses: {count}).",
        "config_confirm": "Above {count} destinations the sender is asked before anything goes out.",
        "config_guard_same": "Who sends the same again within {minutes} minutes is asked first.",
        "config_guard_often": "Who sends more than {count} broadcasts in an hour is asked first.",
        "config_locale": "The bot speaks {locale}.",
        "config_retention": "Days for which finished broadcasts are remembered: {days}",
        "warning_nobody_may_send": (
            "Nobody may send: source.from_sender_list is on and source.sender_list has no address in it."
        ),
        "warning_anybody_may_send": (
            "Anybody who finds the bot may send: source.bots_own_org and source.from_sender_list are both off."
        ),
        "warning_list_unused": "The sender list is not used: source.from_sender_list is off.",
        # The live page of a broadcast
        "page_live_title_send": "Broadcast {number}",
        "page_live_title_edit": "Edit of broadcast {number}",
        "page_live_title_recall": "Taking back broadcast {number}",
        "page_live_from": "From {name} ({email})",
        "page_live_from_no_email": "From {name}",
        "page_live_to_origin": "Back to the broadcast",
        "page_live_content_text": "Text",
        "page_live_content_file": "File",
        "page_live_content_card": "Card",
        "page_live_content_card_refused": "Card, sent as a file: Webex did not take it as a card",
        "page_live_is_send": "Is being sent.",
        "page_live_is_edit": "The copies are being changed.",
        "page_live_is_recall": "The copies are being taken back.",
        "page_live_is_cancelled": "Cancelled. What is on its way already is still awaited.",
        "page_live_is_being_recalled": "Is being taken back.",
        "page_live_is_queued": "Waits until an earlier broadcast is sent.",
        "page_live_is_paused": "Webex asks the bot to slow down. It goes on at",
        "page_live_was_send": "Done: every space that was to get it has it.",
        "page_live_was_send_partly": "Done, but not every space has it.",
        "page_live_was_edit": "Done: every copy was changed.",
        "page_live_was_edit_partly": "Done, but not every copy was changed.",
        "page_live_was_recall": "Done: every copy was taken back.",
        "page_live_was_recall_partly": "Done, but not every copy was taken back.",
        "page_live_was_cancelled": "Was cancelled: what had not gone out was not sent.",
        "page_live_was_recalled": "Was taken back.",
        "page_live_was_recalled_partly": "Was taken back, but not everywhere.",
        "page_live_was_nobody": "Nobody got it: there was no space to send it to.",
        "page_live_progress": "{percent} % done",
        "page_live_progress_of": "{done} of {planned}",
        "page_live_time_left": "about {time} left",
        "page_live_took": "took {time}",
        "page_live_progress_label": "Progress",
        "page_live_counts": "Spaces by state",
        "page_live_state_sent": "Sent",
        "page_live_state_edited": "Changed",
        "page_live_state_recalled": "Taken back",
        "page_live_state_failed": "Failed",
        "page_live_state_skipped": "Left out",
        "page_live_state_unknown": "Uncertain",
        "page_live_state_waiting": "Waiting",
        "page_live_state_sending": "On its way",
        "page_live_is_gone": "the copy was taken back later",
        "page_live_rate": "Rate over time",
        "page_live_rate_none": "Nothing has been sent yet.",
        "page_live_rate_second": "At most {rate} per second",
        "page_live_rate_minute": "At most {rate} per minute",
        "page_live_rate_other": "Failed or uncertain",
        "page_live_changes": "Edits and recalls",
        "page_live_change_edit": "Edit",
        "page_live_change_recall": "Taking back",
        "page_live_orders": "What you can do",
        "page_live_do_cancel": "Cancel",
        "page_live_do_recall": "Take back",
        "page_live_do_retry": "Send the failed again",
        "page_live_do_retry_unknown": "Send the uncertain again",
        "page_live_do_retry_edit": "Try the failed again",
        "page_live_do_recall_again": "Try again where it is still there",
        "page_live_sure_recall": "Every copy is deleted, in all spaces. This cannot be undone.",
        "page_live_sure_recall_button": "Yes, take every copy back",
        "page_live_sure_retry_unknown": (
            "Nobody knows whether the message arrived in these spaces (count: {count}). "
            "Where it did, it will be there twice. Look there first, if you can."
        ),
        "page_live_sure_retry_unknown_button": "Yes, send it there again",
        "page_live_download": "Download as CSV",
        "page_live_said_cancel": "The bot was asked to cancel. What has not gone out stays here.",
        "page_live_said_recall": "The bot was asked to take every copy back.",
        "page_live_said_retry": "The bot was asked to try the failed again.",
        "page_live_said_retry_unknown": "The bot was asked to send the uncertain again.",
        "page_live_said_late": "That is not possible any more: the broadcast has moved on meanwhile.",
        "page_live_spaces": "Spaces",
        "page_live_search": "Search",
        "page_live_search_hint": "Name of the space, or reason",
        "page_live_filter": "State",
        "page_live_filter_all": "All",
        "page_live_sort": "Sort by",
        "page_live_sort_down": "{column}, the other way round",
        "page_live_apply": "Show",
        "page_live_column_space": "Space",
        "page_live_column_kind": "Kind",
        "page_live_column_state": "State",
        "page_live_column_reason": "Reason",
        "page_live_column_time": "Time",
        "page_live_kind_group": "group space",
        "page_live_kind_direct": "1-1",
        "page_live_found": "Shown: {first} to {last} of {matching}",
        "page_live_found_none": "No space fits.",
        "page_live_pages": "Pages of the table",
        "page_live_page": "Page {page} of {pages}",
        "page_live_previous": "Previous",
        "page_live_next": "Next",
        "page_live_lost": "The bot does not answer at the moment. This page tries again by itself.",
        "page_live_look_only": (
            "Others can read the thread that this link comes from, so it is for looking only. "
            "To steer the broadcast, reply in that thread, or open it from /history."
        ),
        "page_live_link": "This link",
        "page_live_link_until": "Whoever has this link can see and do all this. Valid until:",
        "page_live_revoke": "Revoke this link",
        "page_live_revoke_sure": (
            "Every link to this page that the bot has given out stops working at once. In Webex, reply status "
            "in the thread of the message to get a new one."
        ),
        "page_live_revoke_button": "Yes, revoke it",
        "page_live_gone": "This link is not valid any more",
        "page_live_gone_why": "It has expired or was revoked, or what it showed is not kept any longer.",
        "page_live_gone_how": (
            "In Webex, reply status in the thread of your message, or write /history to the bot: "
            "it answers with a new link."
        ),
        "page_live_form_refused": "This form is not of this page. Open the page again and press the button there.",
        # The page of what a person has sent
        "page_history_title": "What you sent",
        "page_history_none": "You have not sent anything yet.",
        "page_history_column_broadcast": "Broadcast",
        "page_history_column_time": "Time",
        "page_history_column_content": "Content",
        "page_history_column_standing": "Where it stands",
        "page_history_more": "Show more",
        "page_history_revoke_sure": (
            "Every link to this page that the bot has given out stops working at once. "
            "In Webex, write /history to the bot to get a new one."
        ),
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
        "opened": "Předávám vaši zprávu, prostorů: {planned} (skupinové: {group}, 1-1: {direct}){time}.",
        "opened_time": ", potrvá to asi {time}",
        "opened_behind": "Nejdřív čeká na dřívější zprávu; té zbývá doručení: {ahead}.",
        "progress": "Odesláno: {sent} z {planned} ({percent} %){time}.",
        "progress_time": ", zbývá {time}",
        "progress_edit": "Upraveno: {sent} z {planned} ({percent} %){time}.",
        "progress_recall": "Staženo: {sent} z {planned} ({percent} %){time}.",
        "progress_done": "Vyřízeno, celkem: {planned}.",
        "progress_behind": "Čeká na dřívější zprávu.",
        "progress_paused": "Webex žádá, abych zpomalil; pokračuji v {until}.",
        "progress_outage": "Webex teď zprávy nepřijímá; zkusím to znovu v {until}.",
        "duration_seconds": "{count} s",
        "duration_minutes": "{count} min",
        "duration_hours": "{count} h",
        "live_page": "[Podrobnosti]({link})",
        "outcome_duration": "Trvání: {time}",
        "outcome_cancelled": "Toto rozesílání bylo zrušeno.",
        "outcome_edited": "Upraveno: {count}",
        "outcome_recalled": "Staženo: {count}",
        "outcome_not_edited": "Neupraveno: {count}",
        "outcome_not_recalled": "Zůstává na místě: {count}",
        "outcome_unsure": "Nejisté: {count}. Není známo, zda tam zpráva vůbec došla.",
        "outcome_nothing_to_change": "Nebylo co měnit: žádná kopie neexistuje.",
        "how_to_act": "Odpovězte v tomto vlákně: {words}",
        "how_to_recall": "`recall` vezme zpět všechny kopie",
        "how_to_retry": "`retry` pošle znovu neúspěšné",
        "how_to_retry_unknown": "`retry unknown` pošle znovu nejisté",
        "how_to_report": "`report` přinese seznam jako soubor",
        "button_status": "Stav",
        "button_cancel": "Zrušit",
        "button_recall": "Vzít zpět",
        "button_retry": "Poslat znovu neúspěšné",
        "button_retry_unknown": "Poslat znovu nejisté",
        "button_report": "Seznam jako soubor",
        "button_send": "Odeslat",
        "button_drop": "Neodesílat",
        "steer_help": (
            "Odpovězte ve vlákně své zprávy, nebo použijte tlačítka:\n"
            "- `status` – jak daleko to je\n"
            "- `cancel` – dál už nic neposílat\n"
            "- `recall` – vzít zpět všechny kopie; totéž udělá smazání vaší zprávy\n"
            "- `retry` – poslat znovu, kde se to nepovedlo; `retry unknown` – kde to není jisté\n"
            "- `edit: nový text` – změnit všechny kopie; totéž udělá úprava vaší zprávy\n"
            "- `report` – seznam všech prostorů jako soubor\n"
            "- `help` – tento text"
        ),
        "steer_not_yours": "Toto rozesílání smí řídit jen odesílatel ({name}) a správci.",
        "steer_unknown": "V tomto vlákně žádné rozesílání neznám, není tedy co řídit.",
        "steer_did_you_mean": (
            "Mysleli jste `{word}`? Vaši odpověď jsem nepředal. Slovo samotné rozesílání řídí; chcete-li poslat "
            "zprávu, napište ji mimo toto vlákno."
        ),
        "steer_cancelled": "Zrušeno, už neodejde: {waiting}. Už odesláno nebo na cestě: {sent}.",
        "steer_cancelled_recall": "Odpovědí `recall` vezmete zpět, co už odešlo.",
        "steer_nothing_waits": "Nic už nečeká: odesláno {sent}, neúspěšné {failed}, nejisté {unknown}.",
        "steer_recalling": "Stahuji zpět, kopií: {count}. Už neodejde: {waiting}.",
        "steer_recalling_again": "Znovu se pokouším vzít zpět: {count}.",
        "steer_recall_runs": "Už se stahuje. {text}",
        "steer_recall_done": "Už bylo staženo.",
        "steer_was_recalled": "Zpráva byla stažena zpět, takže to už nejde.",
        "steer_retrying": "Posílám znovu: {count}.",
        "steer_editing_again": "Upravuji znovu, kam nový text nedorazil, kopií: {count}.",
        "steer_still_runs": "Ještě se odesílá; neúspěšné lze poslat znovu, až to skončí.",
        "steer_nothing_failed": "Nic neselhalo.",
        "steer_unknown_left": (
            "Nejisté: {count}. Odpovědí `retry unknown` tam zprávu pošlete znovu; může přijít dvakrát."
        ),
        "steer_nothing_unknown": "Nic není nejisté.",
        "steer_editing": "Měním všechny kopie: {count}. Co ještě neodešlo, odejde v nové podobě.",
        "steer_same_text": "Text je stejný jako předtím, takže se nic nezměnilo.",
        "steer_edit_empty": "Za `edit:` napište nový text.",
        "steer_edit_form": (
            "Zprávu se souborem nebo kartou Webex změnit neumí. Odpovědí `recall` ji vezměte zpět a pošlete ji znovu."
        ),
        "steer_edit_spent": (
            "Webex nedovolí víc než deset úprav jedné zprávy. Odpovědí `recall` ji vezměte zpět a pošlete ji znovu."
        ),
        "steer_edit_refused": "Úprava nebyla předána: {why}.",
        "steer_deleted": (
            "Smazali jste svou zprávu ({time}), stahuji ji tedy zpět, kopií: {count}. Neodesláno: {waiting}."
        ),
        "steer_deleted_by_other": (
            "Vaši zprávu ({time}) smazal někdo jiný, její kopie proto zůstávají. Zpět je stáhne tlačítko."
        ),
        "steer_report": "Výsledek pro prostory: {count}.",
        "ask_heading": "Zatím neodesláno. Šlo by to do prostorů: {planned} (skupinové: {group}, 1-1: {direct}){time}.",
        "ask_preview": "Takto by zpráva odešla:",
        "ask_many": "To je víc než {above}.",
        "ask_same": "Totéž jste poslali během posledních minut: {minutes}.",
        "ask_often": "Za poslední hodinu jste rozesílali: {count}×.",
        "ask_sample": "Například: {names}",
        "ask_until": (
            "Stiskněte Odeslat nebo odpovězte `send`; stiskněte Neodesílat nebo odpovězte `cancel`. "
            "V {until} nabídka propadne."
        ),
        "ask_dropped": "Vaše zpráva nebyla odeslána.",
        "ask_expired": "Už je to příliš dávno, nic se neodeslalo. Pošlete prosím zprávu znovu.",
        "ask_void": "Vaše zpráva se mezitím změnila, nic se neodeslalo. Pošlete ji prosím znovu.",
        "ask_over": "O tom už bylo rozhodnuto.",
        "ask_not_yours": "O této zprávě smí rozhodnout jen {name}.",
        "slash_help": (
            "Cokoli mi napíšete, jde do všech prostorů, které dovoluje moje nastavení. V prostoru mě zmiňte.\n"
            "- `/spaces` – kam by vaše zpráva šla a proč ne jinam\n"
            "- `/history` – co jste poslali\n"
            "- `/help` – tento text"
        ),
        "slash_spaces": "Vaše zpráva by šla do prostorů: {planned} (skupinové: {group}, 1-1: {direct}).",
        "slash_history_none": "Zatím jste nic neposlali.",
        "slash_history_line": (
            "{time}: plánováno {planned}, odesláno {sent}, neúspěšné {failed}, vynechané {skipped}, nejisté {unknown}"
        ),
        "slash_history_page": "[Všechna rozesílání]({link})",
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
        "why_cancelled": "rozesílání bylo zrušeno",
        "why_superseded": "nahradila to novější úprava",
        "why_no_copy": "kopie zprávy tam není",
        "why_edit_refused": "Webex mi nedovolí zprávu změnit",
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
        "page_is_set_up": "Webex botovi zprávy hlásí. Po přesunu nebo změně tokenu otevřete {url} znovu.",
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
        "page_setup_not_offered": "Webex ho nenabízí",
        "page_setup_busy": "Webhooky právě nastavují jiní. Za několik sekund stránku načtěte znovu.",
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
        "config_admins": "Správci smějí řídit rozesílání jiných lidí (adres: {count}).",
        "config_confirm": "Je-li cílů víc než {count}, bot se odesílatele nejdřív zeptá.",
        "config_guard_same": "Kdo pošle totéž znovu do {minutes} min, toho se bot nejdřív zeptá.",
        "config_guard_often": "Kdo za hodinu rozesílá víckrát než {count}×, toho se bot nejdřív zeptá.",
        "config_locale": "Bot mluví jazykem {locale}.",
        "config_retention": "Počet dní, po něž si bot pamatuje dokončená rozeslání: {days}",
        "warning_nobody_may_send": (
            "Rozesílat nesmí nikdo: source.from_sender_list je zapnuto a v source.sender_list není žádná adresa."
        ),
        "warning_anybody_may_send": (
            "Rozesílat smí každý, kdo bota najde: source.bots_own_org i source.from_sender_list jsou vypnuté."
        ),
        "warning_list_unused": "Seznam odesílatelů se nepoužívá: source.from_sender_list je vypnuto.",
        # Průběžná stránka rozeslání
        "page_live_title_send": "Rozeslání {number}",
        "page_live_title_edit": "Úprava rozeslání {number}",
        "page_live_title_recall": "Vzetí zpět: rozeslání {number}",
        "page_live_from": "Odesílatel: {name} ({email})",
        "page_live_from_no_email": "Odesílatel: {name}",
        "page_live_to_origin": "Zpět na rozeslání",
        "page_live_content_text": "Text",
        "page_live_content_file": "Soubor",
        "page_live_content_card": "Karta",
        "page_live_content_card_refused": "Karta, rozeslaná jako soubor: Webex ji jako kartu nepřijal",
        "page_live_is_send": "Právě se rozesílá.",
        "page_live_is_edit": "Kopie se právě upravují.",
        "page_live_is_recall": "Kopie se právě stahují.",
        "page_live_is_cancelled": "Zrušeno. Čeká se ještě na to, co už je na cestě.",
        "page_live_is_being_recalled": "Právě se stahuje.",
        "page_live_is_queued": "Čeká, až se rozešle dřívější zpráva.",
        "page_live_is_paused": "Webex žádá bota, aby zpomalil. Pokračovat bude",
        "page_live_was_send": "Hotovo: zprávu mají všechny prostory, které ji měly dostat.",
        "page_live_was_send_partly": "Hotovo, ale některé prostory zprávu nemají.",
        "page_live_was_edit": "Hotovo: všechny kopie jsou upravené.",
        "page_live_was_edit_partly": "Hotovo, ale některé kopie upravené nejsou.",
        "page_live_was_recall": "Hotovo: všechny kopie jsou stažené.",
        "page_live_was_recall_partly": "Hotovo, ale některé kopie stažené nejsou.",
        "page_live_was_cancelled": "Bylo zrušeno: co nestihlo odejít, se neodeslalo.",
        "page_live_was_recalled": "Bylo staženo.",
        "page_live_was_recalled_partly": "Bylo staženo, ale ne všude.",
        "page_live_was_nobody": "Nikdo nic nedostal: nebylo kam zprávu poslat.",
        "page_live_progress": "hotovo {percent} %",
        "page_live_progress_of": "{done} z {planned}",
        "page_live_time_left": "zbývá asi {time}",
        "page_live_took": "trvalo {time}",
        "page_live_progress_label": "Průběh",
        "page_live_counts": "Prostory podle stavu",
        "page_live_state_sent": "Odesláno",
        "page_live_state_edited": "Upraveno",
        "page_live_state_recalled": "Staženo",
        "page_live_state_failed": "Nedoručeno",
        "page_live_state_skipped": "Vynecháno",
        "page_live_state_unknown": "Nejisté",
        "page_live_state_waiting": "Čeká",
        "page_live_state_sending": "Na cestě",
        "page_live_is_gone": "kopie byla později stažena",
        "page_live_rate": "Rychlost v čase",
        "page_live_rate_none": "Zatím se nic neodeslalo.",
        "page_live_rate_second": "Nejvýše za sekundu: {rate}",
        "page_live_rate_minute": "Nejvýše za minutu: {rate}",
        "page_live_rate_other": "Nedoručeno nebo nejisté",
        "page_live_changes": "Úpravy a stažení",
        "page_live_change_edit": "Úprava",
        "page_live_change_recall": "Stažení",
        "page_live_orders": "Co můžete udělat",
        "page_live_do_cancel": "Zrušit",
        "page_live_do_recall": "Vzít zpět",
        "page_live_do_retry": "Poslat nedoručené znovu",
        "page_live_do_retry_unknown": "Poslat nejisté znovu",
        "page_live_do_retry_edit": "Zkusit nepovedené znovu",
        "page_live_do_recall_again": "Zkusit znovu tam, kde zpráva zůstala",
        "page_live_sure_recall": "Všechny kopie se smažou, ve všech prostorech. Nelze to vzít zpět.",
        "page_live_sure_recall_button": "Ano, vzít zpět všechny kopie",
        "page_live_sure_retry_unknown": (
            "Nikdo neví, zda zpráva do těchto prostorů dorazila (počet: {count}). "
            "Kde dorazila, tam bude dvakrát. Pokud můžete, nejdřív se tam podívejte."
        ),
        "page_live_sure_retry_unknown_button": "Ano, poslat ji tam znovu",
        "page_live_download": "Uložit jako CSV",
        "page_live_said_cancel": "Bot dostal pokyn rozeslání zrušit. Co ještě neodešlo, už neodejde.",
        "page_live_said_recall": "Bot dostal pokyn vzít zpět všechny kopie.",
        "page_live_said_retry": "Bot dostal pokyn zkusit nedoručené znovu.",
        "page_live_said_retry_unknown": "Bot dostal pokyn poslat nejisté znovu.",
        "page_live_said_late": "To už nejde: rozeslání mezitím pokročilo.",
        "page_live_spaces": "Prostory",
        "page_live_search": "Hledat",
        "page_live_search_hint": "Název prostoru nebo důvod",
        "page_live_filter": "Stav",
        "page_live_filter_all": "Vše",
        "page_live_sort": "Seřadit podle",
        "page_live_sort_down": "{column}, obráceně",
        "page_live_apply": "Zobrazit",
        "page_live_column_space": "Prostor",
        "page_live_column_kind": "Druh",
        "page_live_column_state": "Stav",
        "page_live_column_reason": "Důvod",
        "page_live_column_time": "Čas",
        "page_live_kind_group": "skupinový",
        "page_live_kind_direct": "přímý",
        "page_live_found": "Zobrazeno: {first} až {last} z {matching}",
        "page_live_found_none": "Nic neodpovídá.",
        "page_live_pages": "Stránky tabulky",
        "page_live_page": "Stránka {page} z {pages}",
        "page_live_previous": "Předchozí",
        "page_live_next": "Další",
        "page_live_lost": "Bot teď neodpovídá. Stránka to zkouší sama znovu.",
        "page_live_look_only": (
            "Vlákno, ze kterého odkaz pochází, čtou i ostatní, takže slouží jen k nahlížení. "
            "Rozesílání řiďte odpovědí v tom vlákně, nebo je otevřete z /history."
        ),
        "page_live_link": "Tento odkaz",
        "page_live_link_until": "Kdo má tento odkaz, může toto vše vidět a ovládat. Platí do:",
        "page_live_revoke": "Zneplatnit tento odkaz",
        "page_live_revoke_sure": (
            "Všechny odkazy na tuto stránku, které bot vydal, ihned přestanou platit. Nový získáte ve Webexu, "
            "když ve vlákně zprávy odpovíte status."
        ),
        "page_live_revoke_button": "Ano, zneplatnit",
        "page_live_gone": "Tento odkaz už neplatí",
        "page_live_gone_why": "Vypršel nebo byl zneplatněn, nebo se to, co ukazoval, už neuchovává.",
        "page_live_gone_how": (
            "Ve Webexu odpovězte ve vlákně své zprávy status, nebo botovi napište /history: pošle vám nový odkaz."
        ),
        "page_live_form_refused": "Tento formulář k stránce nepatří. Otevřete stránku znovu a stiskněte tlačítko tam.",
        # Stránka toho, co člověk rozeslal
        "page_history_title": "Co jste rozeslali",
        "page_history_none": "Zatím jste nic nerozeslali.",
        "page_history_column_broadcast": "Rozeslání",
        "page_history_column_time": "Čas",
        "page_history_column_content": "Obsah",
        "page_history_column_standing": "Stav",
        "page_history_more": "Zobrazit další",
        "page_history_revoke_sure": (
            "Všechny odkazy na tuto stránku, které bot vydal, ihned přestanou platit. "
            "Nový získáte ve Webexu, když botovi napíšete /history."
        ),
    },
}
