"""What to do about a server's refusals."""

import httpx

from camera_node.picture_line import Answer
from camera_node.server_line import SKEW_MAX_S, read_server_time, refusal
from camera_node.words import typed


def advise(answer: httpx.Response, now_s: float) -> tuple[str, str]:
    """Return what was refused and what to do; ``now_s`` is the time, since 1970, by which it is signed here."""
    status = answer.status_code
    if status == 401:
        told_s = read_server_time(answer)[0]
        off = told_s is not None and abs(told_s - now_s) > SKEW_MAX_S
        if off or "clock" in refusal(answer).lower():
            return "The server does not take this machine's time", "Set the clock: sudo timedatectl set-ntp true"
        do = f"Make a new code in the console and run: {typed('enrol CODE URL')}"
        if "replaced" in refusal(answer):
            stop = "If another machine does this one's work now: sudo systemctl disable --now parkhub-node."
            return "The camera has another key now", f"{stop} If not: {do[:1].lower()}{do[1:]}"
        return "The server does not take this node's key", do
    if status == 429:
        wait = answer.headers.get("Retry-After", "")
        return "The server is asked too often", f"Run the doctor again in {f'{wait} s' if wait else 'a minute'}."
    if status >= 500:
        return "The server has a trouble of its own", "See to the server; this node tries again by itself."
    if status == 403:
        return "The server takes nothing of this camera", "Switch the camera on in the console."
    if status == 407:
        return "The proxy refuses", "Check connection.proxy in node.toml."
    if 300 <= status < 400:
        where = answer.headers.get("Location", "another address")
        return f"The server sends on to {where}", "Set the new address as server in node.toml."
    if status in (404, 405):
        return "What answers is not ParkHub, or an older one", "Check server in node.toml."
    return "The server refuses", "See what it says, and its log."


def explain_picture(answer: Answer) -> str:
    """Return why pictures are not taken for so long as nobody sees to it, and what to do."""
    if answer.status in (401, 404):
        what = "Check the server's address and the camera's id, or enrol this node again."
    elif answer.status == 403:
        what = "Switch the camera on in the console."
    elif answer.status == 407:
        what = "Check connection.proxy in node.toml."
    else:
        what = "The address has moved; set the new one as server in node.toml."
    return f"{answer.words}. {what} Pictures wait meanwhile."
