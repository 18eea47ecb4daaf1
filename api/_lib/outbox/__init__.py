"""What leaves Purse: events to the app's endpoints, and mails.

sql/*_outbox*.sql writes the events. Here they are signed, sent and reported.
"""
