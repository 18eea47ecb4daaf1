"""/auth/v1: answers as GoTrue does."""
