"""How metrics.k8s.io is joined to the API server: an ExternalName service that means this machine."""

from typing import Any

_NAME = "metrics-server"
_NAMESPACE = "kube-system"


def aggregation(*, port: int) -> list[dict[str, Any]]:
    """The service and the APIService for a metrics-server on a loopback port."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _NAME, "namespace": _NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }
    api_service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "service": {"name": _NAME, "namespace": _NAMESPACE, "port": port},
            # Its certificate is made for localhost; the API server would look for the service's own name.
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
    return [service, api_service]
