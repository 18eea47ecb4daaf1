"""The demo user's history: weeks of purchases and use, made at the first start."""
