"""What leaves Purse: events to the app's endpoints.

sql/…_outbox.sql writes the events. Here they are signed, sent and reported.
"""
