"""The way to the server: checked certificates, a certificate of one's own, a proxy; and words for what goes wrong."""

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

import httpx

from camera_node.settings import ConnectionSettings, SettingsError

USER_AGENT = "parkhub-node/1"


def open_client(connection: ConnectionSettings, timeout: httpx.Timeout | float = 30.0) -> httpx.Client:
    """Return a client that trusts what the machine trusts, and ``ca_file``. Raises SettingsError."""
    return httpx.Client(
        verify=open_context(connection),
        proxy=connection.proxy or None,
        timeout=timeout,
        headers={"User-Agent": USER_AGENT},
    )


def open_context(connection: ConnectionSettings) -> ssl.SSLContext:
    """Return what TLS is checked by. Raises SettingsError naming the file that cannot be used."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    if connection.ca_file:
        try:
            context.load_verify_locations(connection.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"connection.ca_file {connection.ca_file} cannot be used: {error}.") from None
    if connection.client_certificate:
        try:
            context.load_cert_chain(connection.client_certificate, connection.client_key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"connection.client_certificate {connection.client_certificate} cannot be used: {error}."
            ) from None
    return context


def is_loopback(server: str) -> bool:
    """Say whether ``server`` is this machine."""
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def explain(error: Exception, server: str) -> str:
    """Return a sentence that says why ``server`` was not reached and what to do."""
    host = urlsplit(server).hostname or server
    chain = _chain(error)
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return _explain_certificate(each, host)
    words = " ".join(str(each) for each in chain).lower()
    # httpcore and anyio hand some TLS and name errors on as text only.
    if "certificate" in words and "verify" in words:
        return f"{host} showed a certificate that is not trusted here."
    if any(isinstance(each, socket.gaierror) for each in chain) or "name or service not known" in words:
        return f"The name {host} is not known. Check the address and this machine's network and DNS."
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return f"{host} does not speak TLS as asked ({error}). Is it http:// rather than https://?"
    if isinstance(error, httpx.ProxyError):
        return f"The proxy refused: {error}. Check connection.proxy in node.toml."
    if isinstance(error, httpx.ConnectTimeout):
        return f"{host} does not answer. Check the address, the network and firewalls between."
    if isinstance(error, httpx.TimeoutException):
        return f"{host} was reached but did not answer in time."
    if isinstance(error, httpx.ConnectError):
        return f"Nothing listens at {server} ({error}). Check address and port, and that the server runs."
    return f"{server} cannot be reached ({type(error).__name__}: {error})."


def _explain_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code in (18, 19):
        return (
            f"{host} has a self-signed certificate. Get the certificate of whoever signed it and set ca_file "
            "under [connection] in node.toml (or give --ca-file)."
        )
    if error.verify_code in (20, 21):
        return (
            f"The certificate of {host} is signed by somebody this machine does not know. Set ca_file under "
            "[connection] in node.toml (or give --ca-file)."
        )
    if error.verify_code in (9, 10):
        return (
            f"The certificate of {host} does not hold today. Check this machine's clock; else the server's certificate."
        )
    if error.verify_code in (62, 64):
        return f"The certificate is for another name than {host}. Use the name it was made for."
    return f"The certificate of {host} is refused: {error.verify_message}."


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
