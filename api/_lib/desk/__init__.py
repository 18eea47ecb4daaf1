"""The desk (/admin): what staff see and do. The rules are in sql/*_desk*.sql."""
