"""What can stop the local stack, as one sentence that says what to do."""


class StackError(Exception):
    """The stack cannot run; the message is shown to the person as it is."""
