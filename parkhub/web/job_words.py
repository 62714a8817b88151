"""Jobs in words for people, by the name that the queue knows."""

from typing import Final

WORDS: Final = {
    "read_frame": "Read a camera's picture",
    "read_spots_file": "Read a file of spots",
    "cut_label": "Keep a corrected spot's crop",
    "cut_picture": "Keep the crops of a whole picture",
    "answer_ask": "Look at spots while they are drawn",
    "analyse_recording": "Analyse a recording",
    "look_at_pictures": "Look at pictures sent by hand",
    "adapt": "Adapt the classifier to a car park",
    "handle_event": "Handle an event of the payment provider",
    "send_sandbox_event": "Send an event of the payment sandbox",
    "charge_stay": "Charge a saved card for a stay",
    "keep_payments": "Look after payments that are under way",
    "keep_cards": "Look after saved cards' charges",
    "reconcile": "Compare the ledger with the payment provider",
    "open_barrier": "Open a barrier",
    "end_opening": "End a barrier's opening",
    "watch_barriers": "Look after barriers",
    "send_letters": "Send letters",
    "keep_mail": "Look after letters",
    "keep_reports": "Count for reports",
    "write_reports": "Write monthly reports",
    "expire_spots": "Mark spots unknown that nobody sees",
    "close_passages": "Decide on cars that have passed a gate",
    "requeue_lost": "Ask again for work that was lost",
    "tell_silent_nodes": "Tell of nodes that say nothing",
    "take_samples": "Note how full car parks are",
    "delete_old": "Delete pictures that are past their time",
    "delete_unclaimed": "Delete files that belong to nothing",
    "release_no_shows": "Release bookings nobody came for",
    "keep_pay_ahead": "End stays whose paid time is over",
    "close_overlong": "Close stays that are open for too long",
    "keep_retention": "Delete what is past its time",
}


def job_words(name: str) -> str:
    """What a job does; one that nobody put in words by its name."""
    return WORDS.get(name.removeprefix("cron:"), name.replace("_", " ").capitalize())
