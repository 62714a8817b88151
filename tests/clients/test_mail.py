"""Letters on their way: to a real SMTP server by others, and into a folder."""

import logging
import os
import ssl
import subprocess
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from mail_servers import posting
from processes import free_port
from pydantic import SecretStr

from parkhub.clients.mail import OutboxMailer, SmtpMailer, open_mailer
from parkhub.errors import BusyError, InvalidInputError
from parkhub.letters import Letter, put_in_words
from parkhub.settings import Settings

LETTER = Letter("uid", "kim@example.org", "de", "Grüße", "Ein Text, größer als ASCII.\n", "<p>Ein Text</p>")
FACTS = {"link": "https://park.example.org/x?a=1&b=<2>", "minutes": 20}


async def test_a_server_gets_the_letter_whole(settings: Settings) -> None:
    with posting() as post:
        await SmtpMailer(post.settings(settings)).send(LETTER)
    [letter] = post.letters
    assert (letter["from"], letter["to"]) == ("ParkHub <no-reply@park.example.org>", "kim@example.org")
    assert (letter["subject"], letter["content-language"]) == ("Grüße", "de")
    assert letter["auto-submitted"] == "auto-generated"
    plain, html = letter.iter_parts()
    assert plain.get_content().strip() == "Ein Text, größer als ASCII."
    assert html.get_content_type() == "text/html"


async def test_the_same_letter_again_has_the_same_message_id(settings: Settings) -> None:
    with posting() as post:
        for _ in range(2):
            await SmtpMailer(post.settings(settings)).send(LETTER)
    first, second = post.letters
    assert first["message-id"] == second["message-id"]
    assert str(first["message-id"]).endswith("@park.example.org>")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [("550 no such user kim@example.org", InvalidInputError), ("450 come later kim@example.org", BusyError)],
)
async def test_a_refused_address_is_for_good_by_5xx_only_and_is_never_told(
    settings: Settings, answer: str, raised: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with posting(refuses={"kim@example.org": answer}) as post, pytest.raises(raised) as told:
        await SmtpMailer(post.settings(settings)).send(LETTER)
    assert answer[:3] in str(told.value)
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # that is the server's
    assert "kim" not in " ".join([str(told.value), *ours])


async def test_a_server_that_is_not_there_is_away(settings: Settings) -> None:
    given = settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": free_port(), "smtp_security": "none"})
    with pytest.raises(BusyError, match=r"is away|did not take"):
        await SmtpMailer(given.model_copy(update={"mail_from": "a@b.example"})).send(LETTER)


async def test_no_letter_goes_in_the_clear_to_a_server_that_cannot_encrypt(settings: Settings) -> None:
    with posting() as post, pytest.raises(BusyError):
        await SmtpMailer(post.settings(settings).model_copy(update={"smtp_security": "starttls"})).send(LETTER)
    assert post.letters == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed_and_a_good_one_takes_the_password(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*_certificate(tmp_path))
    seen: list[bytes] = []

    def judge(*given: object) -> AuthResult:
        seen.append(bytes(given[-1].password))  # type: ignore[attr-defined]
        return AuthResult(success=True)

    with posting(tls_context=server, require_starttls=True, authenticator=judge) as post:
        secret = {"smtp_security": "starttls", "smtp_user": "parkhub", "smtp_password": SecretStr("so secret")}
        given = post.settings(settings).model_copy(update=secret)
        with pytest.raises(BusyError):
            await SmtpMailer(given).send(LETTER)
        assert seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        await SmtpMailer(given).send(LETTER)
    assert seen == [b"so secret"]
    assert len(post.letters) == 1


async def test_without_a_server_letters_lie_in_a_folder_each_once_for_its_owner_only(settings: Settings) -> None:
    mailer = open_mailer(settings)
    assert isinstance(mailer, OutboxMailer)
    for _ in range(2):
        await mailer.send(LETTER)
    [file] = (settings.data_dir / "outbox").iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o077 == 0
    read = message_from_bytes(file.read_bytes(), policy=default)
    assert read["to"] == "kim@example.org"


async def test_files_of_letters_go_after_a_week(settings: Settings) -> None:
    folder = settings.data_dir / "outbox"
    folder.mkdir(parents=True)
    (folder / "old.eml").write_text("")
    os.utime(folder / "old.eml", (0, 0))
    await OutboxMailer(folder, "").send(LETTER)
    assert len(list(folder.iterdir())) == 1


def test_a_letter_is_put_in_the_words_of_its_reader_and_its_html_is_safe() -> None:
    letter = put_in_words("uid", "kim@example.org", "en", "sign_in", FACTS)
    assert letter.subject == "Sign in to your ParkHub account"
    assert "https://park.example.org/x?a=1&b=<2>" in letter.text
    assert "b=&lt;2&gt;" in letter.html
    assert "<2>" not in letter.html


def _certificate(folder: Path) -> tuple[str, str]:
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
         "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key
