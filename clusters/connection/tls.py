"""Authentication and TLS as the official client sets them up; the one place that loads it."""

import functools
import os
import ssl
from typing import NamedTuple

from kubernetes.aio import client

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.settings import ConnectionSettings


class Security(NamedTuple):
    """How to speak safely to one API server: the TLS context and the headers that say who we are."""

    context: ssl.SSLContext
    headers: dict[str, str]


async def security_of(settings: ConnectionSettings) -> Security:
    """TLS context and authentication headers for one cluster.

    Raises ClusterError where the certificates cannot be used.
    """
    try:
        api = _official_client(settings)
        headers: dict[str, str] = {}
        await api.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)
        context = _context(settings, api)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise ClusterError(
            Reason.CREDENTIAL,
            "The certificate authority or the client certificate of this cluster cannot be used.",
            "Set them again: PEM text, the key without a pass phrase.",
        ) from error
    return Security(context, headers)


def _official_client(settings: ConnectionSettings) -> client.ApiClient:
    configuration = client.Configuration(host=settings.server)
    configuration.verify_ssl = not settings.skips_tls_verification
    configuration.ca_cert_data = settings.ca_pem
    configuration.disable_strict_ssl_verification = True  # Clusters' own CAs often lack key usage fields.
    if settings.token:
        configuration.api_key = {"BearerToken": settings.token}
        configuration.api_key_prefix = {"BearerToken": "Bearer"}
    return client.ApiClient(configuration)


def _context(settings: ConnectionSettings, api: client.ApiClient) -> ssl.SSLContext:
    shares = settings.ca_pem is None and settings.client_certificate_pem is None
    if shares and not settings.skips_tls_verification:
        return _system_context()
    context: ssl.SSLContext = api.rest_client.ssl_context
    if settings.client_certificate_pem and settings.client_key_pem:
        _load_client_certificate(context, settings.client_certificate_pem, settings.client_key_pem)
    return context


@functools.cache
def _system_context() -> ssl.SSLContext:
    """One for all: 210 contexts with the system's authorities would take 179 MB and four seconds."""
    return ssl.create_default_context()


def _load_client_certificate(context: ssl.SSLContext, certificate_pem: str, key_pem: str) -> None:
    """Hand the key to OpenSSL through memory, so that it never touches a disk."""
    descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, f"{certificate_pem.strip()}\n{key_pem.strip()}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
