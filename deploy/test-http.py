"""Posts by the CloudEvents package of PyPI: test-http.py ADDRESS TOKEN."""
import json
import sys
import urllib.error
import urllib.request
from datetime import datetime, timezone

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

address, token = sys.argv[1:]


def event(case, kind, data={"process": "opening"}, **attributes):
    return CloudEvent(
        attributes={
            "id": f"{case}-{kind}",
            "source": "hall",
            "specversion": "1.0",
            "type": f"cn.gov.example.{kind}",
            "subject": case,
            "time": datetime(2026, 9, 14, 7, tzinfo=timezone.utc),
            "datacontenttype": "application/json",
            **attributes,
        },
        data=data,
    )


def post(headers, body):
    request = urllib.request.Request(address + "/v1/events", data=body, headers=dict(headers), method="POST")
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(what, got, new=0, duplicate=0, quarantined=0):
    counts = {"received": new + duplicate + quarantined, "new": new, "duplicate": duplicate, "quarantined": quarantined}
    if got != (202, counts):
        sys.exit(f"{what}: {got} instead of {counts}")


structured = to_structured_event(event("CE-1", "accepted"))
expect("structured", post(structured.headers, structured.body), new=1)
expect("the same again", post(structured.headers, structured.body), duplicate=1)
binary = to_binary_event(event("CE-1", "accepted"))
expect("the same in binary mode", post(binary.headers, binary.body), duplicate=1)
binary = to_binary_event(event("文昌 2", "accepted", sequence="5"))
expect("binary", post(binary.headers, binary.body), new=1)
structured = to_structured_event(event("文昌 2", "accepted", sequence="5"))
expect("the same structured", post(structured.headers, structured.body), duplicate=1)
batch = b"[%s]" % b",".join(
    to_structured_event(event(f"CE-{n}", kind, data)).body
    for n, kind, data in [(1, "completed", {}), (3, "accepted", {"process": "unheard"}), (4, "accepted", {"region": "46"})]
)
expect("batch", post({"Content-Type": "application/cloudevents-batch+json"}, batch), new=2, quarantined=1)
structured = to_structured_event(event("CE-5", "accepted", b"\x00\x01", datacontenttype="application/octet-stream"))
expect("data that is no JSON", post(structured.headers, structured.body), quarantined=1)
print("ok: the CloudEvents package, structured, binary and in batches")
