"""The e-mail channel: content becomes a message here, and an SMTP server takes it."""
