"""The hosted payment page, the 3-D Secure page and the receipt."""
