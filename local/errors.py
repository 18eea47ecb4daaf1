"""The error that stops the local stack."""


class StackError(Exception):
    """The stack cannot run; the message is a sentence for the person, with what to do."""
