"""Routes, guards, forms and event streams. GET may read `parkhub.db`; writes go through `parkhub.services`."""
