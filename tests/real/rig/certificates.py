"""Makes a cluster's own authority, certificates, account keys and kubeconfigs."""

import base64
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=30)


@dataclass(frozen=True)
class Authority:
    """A certificate authority that signs for one cluster."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Account:
    """A user as a client certificate names it: common name and groups."""

    name: str
    groups: tuple[str, ...] = ()


def write_all(folder: Path, *, accounts: dict[str, Account], service_address: str) -> None:
    """Write every key and certificate that a control plane needs into the folder."""
    folder.mkdir(parents=True, mode=0o700)
    authority = _authority("topmast-test")
    front_proxy = _authority("topmast-test-front-proxy")
    _write(folder / "ca.crt", _pem(authority.certificate))
    _write(folder / "front-proxy-ca.crt", _pem(front_proxy.certificate))
    hosts = ("localhost", "kubernetes.default.svc", "127.0.0.1", service_address)
    _write_pair(folder / "server", _issue(authority, Account("kube-apiserver"), hosts=hosts))
    _write_pair(folder / "front-proxy", _issue(front_proxy, Account("front-proxy"), hosts=()))
    for file_name, account in accounts.items():
        _write_pair(folder / file_name, _issue(authority, account, hosts=()))
    account_key = ec.generate_private_key(ec.SECP256R1())
    _write(folder / "service-accounts.key", _key_pem(account_key))
    _write(folder / "service-accounts.pub", _public_pem(account_key))


def kubeconfig(folder: Path, *, cluster: str, server: str, account: str) -> str:
    """A kubeconfig with everything inline, as text."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": f"{cluster}-{account}"}}],
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": server, "certificate-authority-data": _inline(folder / "ca.crt")},
            }
        ],
        "users": [
            {
                "name": f"{cluster}-{account}",
                "user": {
                    "client-certificate-data": _inline(folder / f"{account}.crt"),
                    "client-key-data": _inline(folder / f"{account}.key"),
                },
            }
        ],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _authority(name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject=subject, issuer=subject, public_key=key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(certificate=builder.sign(key, hashes.SHA256()), key=key)


def _issue(
    authority: Authority, account: Account, *, hosts: tuple[str, ...]
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.COMMON_NAME, account.name)]
    names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in account.groups]
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    authority_key = authority.key.public_key()
    builder = (
        _builder(subject=x509.Name(names), issuer=authority.certificate.subject, public_key=key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False)
    )
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
        )
    return builder.sign(authority.key, hashes.SHA256()), key


def _builder(
    *, subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """The usages that Python's strict verification (3.13 and later) asks of each certificate."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_pair(stem: Path, pair: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]) -> None:
    certificate, key = pair
    _write(stem.with_name(f"{stem.name}.crt"), _pem(certificate))
    _write(stem.with_name(f"{stem.name}.key"), _key_pem(key))


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
