"""Letters go out: by SMTP where a server is set, else as files into a folder."""

import asyncio
import hashlib
import os
import ssl
import tempfile
import time
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, parseaddr
from pathlib import Path
from typing import Final, Protocol

import structlog

from parkhub.errors import BusyError, InvalidInputError
from parkhub.letters import Letter
from parkhub.settings import Settings

TIMEOUT_S: Final = 20.0
"""For each answer of the server."""
SEND_S: Final = 45.0
"""For all of them: shorter than a letter is taken for."""
FILES_KEPT_S: Final = 7 * 24 * 3600
NO_SENDER: Final = "ParkHub <parkhub@localhost.localdomain>"

log = structlog.get_logger(__name__)


class Mailer(Protocol):
    """Sends letters. Whoever is killed while it does may send one twice; both then carry the same Message-ID."""

    async def send(self, letter: Letter) -> None:
        """Hand a letter over.

        Raises BusyError when it may be taken later, InvalidInputError when it never will be; neither names whom it
        is for.
        """

    async def close(self) -> None:
        """Give connections back."""


class MemoryMailer:
    """A stand-in that keeps letters in a list."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        """See `Mailer`."""
        self.sent.append(letter)

    async def close(self) -> None:
        """Nothing to give back."""


class OutboxMailer:
    """A stand-in that writes letters into a folder as .eml files, which mail programs open. They go after a week."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender or NO_SENDER
        self._told = False

    async def send(self, letter: Letter) -> None:
        """See `Mailer`; the same letter again is the same file."""
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            raise BusyError(f"The letter cannot be written: {error.strerror}.") from None
        if not self._told:
            self._told = True
            log.info("mail.no_server", written_to=str(self._folder))

    async def close(self) -> None:
        """Nothing to give back."""

    def _write(self, letter: Letter) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / f"{_digest(letter.key)}.eml"
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")  # made with mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(message_of(letter, self._sender).as_bytes(policy=SMTPUTF8))
        Path(name).replace(target)
        for old in self._folder.glob("*.*"):
            if old.stat().st_mtime < time.time() - FILES_KEPT_S:
                old.unlink(missing_ok=True)


class SmtpMailer:
    """The real one: a connection for each letter."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context()

    async def send(self, letter: Letter) -> None:
        """See `Mailer`."""
        import aiosmtplib

        given = self._settings
        try:
            async with asyncio.timeout(SEND_S):
                await aiosmtplib.send(
                    message_of(letter, given.mail_from),
                    hostname=given.smtp_host,
                    port=given.smtp_port,
                    username=given.smtp_user or None,
                    password=given.smtp_password.get_secret_value() or None,
                    use_tls=given.smtp_security == "tls",
                    start_tls=given.smtp_security == "starttls",
                    tls_context=None if given.smtp_security == "none" else self._tls,
                    timeout=TIMEOUT_S,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = {each.code for each in error.recipients}
            raise _refusal(max(codes), "this address") from None
        except aiosmtplib.SMTPDataError as error:
            raise _refusal(error.code, "this letter") from None
        except aiosmtplib.SMTPNotSupported as error:
            # STARTTLS or AUTH may come with a mended server; an address in other letters than ASCII never will.
            if not letter.to.isascii():
                raise _refusal(553, "this address") from None
            raise BusyError(f"The mail server lacks what is set: {_kind(error)}.") from None
        except aiosmtplib.SMTPException as error:
            code = getattr(error, "code", None)
            told = f" ({code})" if isinstance(code, int) else ""
            raise BusyError(f"The mail server did not take a letter: {_kind(error)}{told}.") from None
        except (OSError, TimeoutError) as error:
            raise BusyError(f"The mail server is away: {_kind(error)}.") from None

    async def close(self) -> None:
        """Nothing to give back: connections end with their letter."""


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as mail programs read it."""
    message = EmailMessage(policy=SMTP if letter.to.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{_digest(letter.key)}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for each in letter.attachments:
        main, _, sub = each.media_type.partition("/")
        message.add_attachment(each.data, maintype=main, subtype=sub, filename=each.name)
    message["Content-Language"] = letter.language  # last: content takes headers of its own kind along
    return message


def open_mailer(settings: Settings) -> Mailer:
    """SMTP where a server is set; its library is loaded with the first letter."""
    if settings.smtp_host:
        return SmtpMailer(settings)
    return OutboxMailer(settings.data_dir / "outbox", settings.mail_from)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _refusal(code: int, what: str) -> BusyError | InvalidInputError:
    """5xx is for good, 4xx for now."""
    if code >= 500:
        return InvalidInputError(f"The mail server refuses {what} ({code}).")
    return BusyError(f"The mail server does not take {what} now ({code}).")


def _kind(error: BaseException) -> str:
    """What failed, without the server's words: they quote addresses."""
    return type(error).__name__
