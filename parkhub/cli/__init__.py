"""The `parkhub` command. May call anything, imports it lazily."""
