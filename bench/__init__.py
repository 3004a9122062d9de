"""Measurements anyone can repeat: the bot beside simpler ways of doing the same, against the same simulated Webex."""
