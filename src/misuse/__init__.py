"""misuse: from call logs to a tasking list, with the evidence of whether it worked."""

__version__ = "0.1.0"
