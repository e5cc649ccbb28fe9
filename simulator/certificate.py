"""Makes the self-signed certificate that STARTTLS shows. Called once when a server with STARTTLS is made."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_FOR = timedelta(days=30)


class ServerCertificate:
    """A certificate of its own key for `hostname`, localhost and the loopback addresses.

    Attributes:
        pem: the certificate, for clients that shall trust it.
        context: the server's side of TLS.
    """

    def __init__(self, hostname: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.pem = _signed(key, hostname).public_bytes(serialization.Encoding.PEM).decode()
        self.context = _server_context(self.pem, _private_pem(key))


def _signed(key: ec.EllipticCurvePrivateKey, hostname: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + VALID_FOR)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(_names(hostname), critical=False).sign(key, hashes.SHA256())


def _names(hostname: str) -> x509.SubjectAlternativeName:
    hosts = [x509.DNSName(name) for name in dict.fromkeys([hostname, "localhost"])]
    loopback = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    return x509.SubjectAlternativeName([*hosts, *loopback])


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def _server_context(certificate_pem: str, private_pem: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.touch(mode=0o600)
        chain.write_text(private_pem + certificate_pem)
        context.load_cert_chain(chain)
    return context
