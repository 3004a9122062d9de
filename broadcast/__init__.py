"""The broadcast bot's own parts: what is decided, written down and sent; `bot.py` puts them on the web."""

__version__ = "1.0.0"
