"""What the endpoints share. The underscore keeps Vercel from serving it."""

__version__ = "0.1.0"
