"""One function per user intention: load, decide, save in one transaction, then announce."""
