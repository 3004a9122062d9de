"""The bot at Azure: packed for App Service (recommended) or for Functions."""
