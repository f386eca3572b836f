"""Certificates of the simulator's own: an authority, servers' certificates good and bad, clients'."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS = ("localhost", "127.0.0.1", "::1")
ONE_DAY = datetime.timedelta(days=1)


class Authority:
    """A certificate authority kept in a folder, made there on first use."""

    def __init__(self, folder: Path, name: str = "simulator-ca") -> None:
        self.certificate_path = folder / f"{name}.crt"
        key_path = folder / f"{name}.key"
        if not (self.certificate_path.exists() and key_path.exists()):
            folder.mkdir(parents=True, exist_ok=True)
            _make_authority(name, self.certificate_path, key_path)
        self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @property
    def pem(self) -> str:
        """The authority's certificate, to be trusted."""
        return self.certificate_path.read_text()

    def server_certificate(
        self,
        path: Path,
        *,
        hosts: tuple[str, ...] = HOSTS,
        valid_from_days: float = -1,
        valid_for_days: float = 365,
    ) -> Path:
        """Write a server's certificate and key into one file and return its path."""
        names = [_general_name(host) for host in hosts]
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(hosts[0], key, valid_from_days, valid_for_days)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        return self._sign_to(path, builder, key)

    def client_certificate(self, path: Path, common_name: str) -> Path:
        """Write a client's certificate and key into one file and return its path."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(common_name, key, -1, 365)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        return self._sign_to(path, builder, key)

    def _sign_to(self, path: Path, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> Path:
        builder = builder.issuer_name(self._certificate.subject)
        # Strict verifiers (Python 3.13's default) refuse certificates without these two.
        usage = x509.BasicConstraints(ca=False, path_length=None)
        builder = builder.add_extension(usage, critical=True)
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(authority_key, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        path.touch(mode=0o600)
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + _key_pem(key))
        return path


def _make_authority(name: str, certificate_path: Path, key_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, key, -1, 3650)
    builder = builder.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    key_path.touch(mode=0o600)
    key_path.write_bytes(_key_pem(key))
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    common_name: str, key: ec.EllipticCurvePrivateKey, valid_from_days: float, valid_for_days: float
) -> x509.CertificateBuilder:
    begins = datetime.datetime.now(datetime.UTC) + valid_from_days * ONE_DAY
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + valid_for_days * ONE_DAY)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
