"""What passes between kinds of destinations and the wire."""

from metrics.notify.kinds import all_kinds
from metrics.notify.kinds.kind import OutboundFault, OutboundLetter, OutboundRequest, Target

SECRET = "https://hooks.example.com/services/T0/B0/verysecret"


def test_no_value_shows_an_address_or_a_secret() -> None:
    values = (
        Target(url=SECRET, secret="whsec_verysecret", older_secret="whsec_verysecret"),
        OutboundRequest(url=SECRET, body=b"verysecret", headers={"authorization": "verysecret"}),
        OutboundLetter(
            host="mail.example.com", port=587, security="starttls", sender="a@example.com",
            recipients=("b@example.com",), content=b"verysecret", user="verysecret", password="verysecret",
        ),
    )  # fmt: skip
    assert not [value for value in values if "verysecret" in repr(value)]


def test_a_fault_says_whether_the_request_may_have_arrived() -> None:
    fault = OutboundFault("timeout", "No answer came within 15 s.", may_have_arrived=True)
    assert (str(fault), fault.may_have_arrived) == ("No answer came within 15 s.", True)


def test_kinds_are_found_by_their_files_and_named_once() -> None:
    names = [kind.name for kind in all_kinds()]
    assert names == sorted(set(names))
