"""A stand-in for the Webex messaging API over real HTTP, for tests and the demo. Never imports the bot.

It keeps state, refuses what Webex refuses in Webex's words, and can be made to fail. What it does not imitate is said
in `webexsim.world`; where Webex's behaviour is not documented, `webexsim.refusals` says "assumed".
"""

from webexsim.faults import Fault
from webexsim.front import Call
from webexsim.hooks import Delivery
from webexsim.model import Membership, Message, Org, Person, Space, Webhook
from webexsim.refusals import Refusal
from webexsim.server import Server
from webexsim.storage import SimFile
from webexsim.world import World

__all__ = [
    "Call",
    "Delivery",
    "Fault",
    "Membership",
    "Message",
    "Org",
    "Person",
    "Refusal",
    "Server",
    "SimFile",
    "Space",
    "Webhook",
    "World",
]
