"""The providers' side of Carillon, scripted: an SMTP server, its mailbox, and the pages that show it."""
