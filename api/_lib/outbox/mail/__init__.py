"""Mails about events: to the people who buy, and to the owner of the shop."""
