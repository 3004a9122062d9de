"""Everything about where the bot runs. Of this folder only this file and `lambda_entry.py` go to Lambda."""
