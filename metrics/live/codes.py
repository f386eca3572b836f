"""Why a socket was closed, as its page is told."""

NOT_UNDERSTOOD = 4400
SIGNED_OUT = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
TOO_MANY = 4429
WENT_WRONG = 1011

MEANINGS = {
    NOT_UNDERSTOOD: "The page sent something that is no message of this socket.",
    SIGNED_OUT: "Nobody is signed in, or the session or token has ended. Sign in again.",
    FORBIDDEN: "The token has no scope `read`. Make another with create_token.",
    NOT_FOUND: "There is no such cluster, or it may not be seen (any more).",
    TOO_MANY: "Too many sockets of one user, or too many messages. Wait before the next try.",
    WENT_WRONG: "The portal itself failed; its log says how. Try again.",
}
