"""Kubeconfigs that want to run something, read something, send something or use everything up."""

import base64
from typing import Any

import yaml

from tests.clusters.certificates import make_pair

CANARY = "canary-0cc175b9c0f1b6a831c399e269772661"
PAIR = make_pair()
OTHER_PAIR = make_pair("other")


def encoded(text: str) -> str:
    """Base64, as kubeconfigs have it."""
    return base64.b64encode(text.encode()).decode()


GOOD_CLUSTER = {
    "server": "https://api.example.com:6443",
    "certificate-authority-data": encoded(PAIR.certificate_pem),
}
GOOD_USER = {"token": CANARY}


def document(
    *, cluster: object = GOOD_CLUSTER, user: object = GOOD_USER, context: object = None, **top: object
) -> dict[str, Any]:
    """A kubeconfig of one context, with parts of it replaced."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "prod", "cluster": cluster}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "prod", "context": context or {"cluster": "prod", "user": "me"}}],
        "current-context": "prod",
        **top,
    }


def raw(content: object) -> bytes:
    """A document as bytes."""
    return yaml.safe_dump(content, sort_keys=False).encode()


def with_cluster(**fields: object) -> bytes:
    """A kubeconfig whose cluster has these fields besides or instead of good ones."""
    return raw(document(cluster={**GOOD_CLUSTER, **{_field(k): v for k, v in fields.items()}}))


def with_user(**fields: object) -> bytes:
    """A kubeconfig whose user has these fields only, beside the canary as a token where none is given."""
    return raw(document(user={_field(k): v for k, v in fields.items()}))


def _field(name: str) -> str:
    return name.replace("_", "-")


def executing(command: str, *args: str, **more: object) -> bytes:
    """A user who logs in with a program."""
    plan = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": list(args), **more}
    return with_user(exec=plan)


def provider(name: str, **config: str) -> bytes:
    """A user who logs in with a provider of old."""
    return with_user(auth_provider={"name": name, "config": {_field(k): v for k, v in config.items()}})


_FILES = (
    "/etc/passwd",
    "/proc/self/environ",
    "~/.ssh/id_rsa",
    "../../etc/shadow",
    "/dev/zero",
    "//host/share",
)

# (what it tries, the document, what the refusal must name)
HOSTILE: list[tuple[str, bytes, str]] = [
    ("exec a shell", executing("/bin/sh", "-c", f"echo {CANARY}"), "users[0].user.exec"),
    ("exec by name", executing("touch", "/tmp/pwned"), "users[0].user.exec"),
    ("exec relative", executing("./x"), "users[0].user.exec"),
    (
        "exec with environment",
        executing("env", env=[{"name": "LD_PRELOAD", "value": CANARY}]),
        "users[0].user.exec",
    ),
    ("exec beside a token", with_user(token=CANARY, exec={"command": "id"}), "users[0].user.exec"),
    ("exec that is text", with_user(exec=f"id {CANARY}"), "users[0].user.exec"),
    ("exec that is a list", with_user(exec=["id", CANARY]), "users[0].user.exec"),
    (
        "gcp with a command",
        provider("gcp", cmd_path="/bin/sh", cmd_args=f"-c {CANARY}"),
        "users[0].user.auth-provider",
    ),
    ("gcp with ambient credentials", provider("gcp"), "users[0].user.auth-provider"),
    (
        "oidc with an issuer",
        provider("oidc", idp_issuer_url="http://169.254.169.254/", client_secret=CANARY),
        "users[0].user.auth-provider",
    ),
    ("azure", provider("azure", refresh_token=CANARY), "users[0].user.auth-provider"),
    ("an unknown provider", provider("x" * 200), "users[0].user.auth-provider"),
    ("a password", with_user(username="admin", password=CANARY), "users[0].user.username"),
    ("a password alone", with_user(password=CANARY), "users[0].user.password"),
    ("somebody else", with_user(token=CANARY, **{"as": "system:admin"}), "users[0].user.as"),
    ("some groups", with_user(token=CANARY, as_groups=["system:masters"]), "users[0].user.as-groups"),
    ("an unknown field", with_user(token=CANARY, impersonate="x"), "users[0].user.impersonate"),
    ("a hostile field", raw(document(user={"token": "x", "a\nb": "c"})), r"users[0].user.'a\nb'"),
    ("a look-alike field", raw(document(user={"tokеn": CANARY})), r"users[0].user.'tok\u0435n'"),
    ("a field in capitals", raw(document(user={"Token": CANARY})), "users[0].user.Token"),
    ("no credential", raw(document(user={})), "users[0].user holds no credential"),
    ("a user that is text", raw(document(user=CANARY)), "users[0].user must be a mapping"),
    ("a token that is a list", with_user(token=[CANARY]), "users[0].user.token must be text"),
    ("a token that is true", with_user(token=True), "users[0].user.token must be text"),
    ("a token of two lines", with_user(token=f"{CANARY}\r\nHost: x"), "users[0].user.token is not a token"),
    ("a token with a blank", with_user(token=f"{CANARY} x"), "users[0].user.token is not a token"),
    ("a huge token", with_user(token=CANARY * 1000), "users[0].user.token is not a token"),
    (
        "a key that is no key",
        with_user(
            client_certificate_data=encoded(PAIR.certificate_pem), client_key_data=encoded(f"{CANARY}")
        ),
        "users[0].user.client-key-data is not a private key",
    ),
    (
        "somebody else's key",
        with_user(
            client_certificate_data=encoded(PAIR.certificate_pem),
            client_key_data=encoded(OTHER_PAIR.key_pem),
        ),
        "users[0].user.client-key-data does not belong",
    ),
    (
        "a key without a certificate",
        with_user(client_key_data=encoded(PAIR.key_pem)),
        "users[0].user.client-certificate-data is missing",
    ),
    (
        "a key that is not base64",
        with_user(client_certificate_data=encoded(PAIR.certificate_pem), client_key_data=f"*{CANARY}"),
        "users[0].user.client-key-data is not base64",
    ),
    (
        "both credentials",
        with_user(
            token=CANARY,
            client_certificate_data=encoded(PAIR.certificate_pem),
            client_key_data=encoded(PAIR.key_pem),
        ),
        "users[0].user has both",
    ),
    ("plain http", with_cluster(server="http://api.example.com"), "clusters[0].cluster.server must"),
    ("a file as server", with_cluster(server="file:///etc/passwd"), "clusters[0].cluster.server"),
    ("a unix socket", with_cluster(server="unix:///var/run/docker.sock"), "clusters[0].cluster.server"),
    (
        "a password in the server",
        with_cluster(server=f"https://me:{CANARY}@api.example.com"),
        "clusters[0].cluster.server must not hold",
    ),
    (
        "two hosts",
        with_cluster(server="https://api.example.com\\@evil.example.com"),
        "clusters[0].cluster.server",
    ),
    ("a header", with_cluster(server="https://a\r\nX: y"), "clusters[0].cluster.server"),
    ("a shell in the server", with_cluster(server="https://$(id)"), "clusters[0].cluster.server"),
    ("no server", raw(document(cluster={})), "clusters[0].cluster.server is missing"),
    ("a list of servers", with_cluster(server=["https://a"]), "clusters[0].cluster.server must be text"),
    ("a huge server", with_cluster(server="https://" + "a." * 5000), "clusters[0].cluster.server is longer"),
    (
        "a proxy with a password",
        with_cluster(proxy_url=f"http://me:{CANARY}@proxy"),
        "clusters[0].cluster.proxy-url must not hold",
    ),
    (
        "a socks proxy",
        with_cluster(proxy_url="socks5://127.0.0.1:6379"),
        "clusters[0].cluster.proxy-url must",
    ),
    ("a proxy that is a list", with_cluster(proxy_url=["x"]), "clusters[0].cluster.proxy-url must be text"),
    (
        "a name that is no name",
        with_cluster(tls_server_name="a\r\nb"),
        "clusters[0].cluster.tls-server-name is not",
    ),
    (
        "TLS off beside an authority",
        with_cluster(insecure_skip_tls_verify=True),
        "clusters[0].cluster.insecure-skip-tls-verify contradicts",
    ),
    (
        "TLS off by a word",
        raw(document(cluster={"server": "https://a", "insecure-skip-tls-verify": "yes"})),
        "clusters[0].cluster.insecure-skip-tls-verify must be true or false",
    ),
    (
        "an authority that is none",
        with_cluster(certificate_authority_data=encoded("nonsense")),
        "clusters[0].cluster.certificate-authority-data holds no readable certificate",
    ),
    (
        "an unknown field of a cluster",
        with_cluster(exec={"command": "id"}),
        "clusters[0].cluster.exec is not taken",
    ),
    (
        "an unknown field of a context",
        raw(document(context={"cluster": "prod", "user": "me", "exec": {"command": "id"}})),
        "contexts[0].context.exec is not taken",
    ),
    ("an unknown top field", raw(document(execs=[{"command": "id"}])), "'execs' is not a field"),
    ("a list", raw([document()]), "not a kubeconfig"),
    ("text", raw(CANARY), "not a kubeconfig"),
    ("nothing", b"", "not a kubeconfig"),
    ("another kind", raw(document(kind="Secret")), "not a kubeconfig"),
    (
        "clusters that are a mapping",
        raw(document(clusters={"prod": GOOD_CLUSTER})),
        "clusters must be a list",
    ),
    ("an entry that is text", raw(document(users=[CANARY])), "users[0] must be a mapping"),
    (
        "an entry with more",
        raw(document(users=[{"name": "me", "user": GOOD_USER, "exec": {}}])),
        "users[0].exec is not a field",
    ),
    ("a name of two lines", raw(document(users=[{"name": "a\nb", "user": {}}])), "users[0].name must be"),
    ("a name that is a number", b"users: [{name: [1], user: {}}]", "users[0].name must be"),
    (
        "two users of one name",
        raw(document(users=[{"name": "me", "user": GOOD_USER}, {"name": "me", "user": {"token": "x"}}])),
        "users[1].name: there are two",
    ),
    (
        "a user that is not there",
        raw(document(context={"cluster": "prod", "user": "\x1b[31mred"})),
        r"no user named '\x1b[31mred'",
    ),
    ("a context without a cluster", raw(document(context={"user": "me"})), "context.cluster is missing"),
    ("twice the same key", b"kind: Config\nusers: []\nusers: []", "has the key 'users' twice"),
    ("an object", b"kind: !!python/object/apply:os.system ['id']", "has a YAML tag"),
    ("a module", b"users: !!python/module:os ''", "has a YAML tag"),
    ("an alias bomb", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "is an alias of something"),
    ("a deep one", b"users: " + b"[" * 50_000, "deeper than 16"),
    ("a big one", b"#" * 300_000, "larger than 256 kB"),
    ("a wide one", b"users: [" + b"a," * 60_000 + b"]", "more than 20000"),
    ("not text", b"\xff\xfe\x00\x01", "not UTF-8"),
    ("not YAML", f"users: [{CANARY}".encode(), "not valid YAML"),
    *(
        (f"a token file {path}", with_user(tokenFile=path), "users[0].user.tokenFile points")
        for path in _FILES
    ),
    *(
        (
            f"an authority file {path}",
            raw(document(cluster={"server": "https://a", "certificate-authority": path})),
            "clusters[0].cluster.certificate-authority points",
        )
        for path in _FILES
    ),
    *(
        (
            f"a certificate file {path}",
            with_user(client_certificate=path, client_key=path),
            "users[0].user.client-certificate points",
        )
        for path in _FILES
    ),
    (
        "a key file",
        with_user(client_certificate_data=encoded(PAIR.certificate_pem), client_key="/etc/ssl/private/x"),
        "users[0].user.client-key points",
    ),
    (
        "a file beside its data",
        with_cluster(certificate_authority="/etc/passwd"),
        "clusters[0].cluster.certificate-authority stands beside",
    ),
]
