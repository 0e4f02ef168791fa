"""Envelopes as sentry-sdk (Python) writes them: python.envelope, python-attachment.envelope. Run by make.sh."""
import io
import json
import sys

import sentry_sdk
from sentry_sdk.envelope import Envelope, Item
from sentry_sdk.transport import Transport

kept = []


class Keep(Transport):
    def capture_envelope(self, envelope):
        kept.append(envelope)


sentry_sdk.init(
    dsn="https://key@localhost/42", transport=Keep, release="till@1.2", environment="test", server_name="web1",
    default_integrations=False, send_default_pii=False)
native = {
    "event_id": "9ec79c33ec9942ab8353589fcb2e04dc",
    "timestamp": "2026-11-22T22:14:05Z",
    "platform": "native",
    "level": "fatal",
    "exception": {"values": [{
        "type": "SIGSEGV", "value": "Segfault", "thread_id": 12,
        "mechanism": {"type": "signalhandler", "synthetic": True, "handled": False,
                      "meta": {"signal": {"name": "SIGSEGV", "number": 11}}},
        "stacktrace": {"frames": [
            {"instruction_addr": "0x55d0c0de1202"}, {"instruction_addr": "0x1185", "addr_mode": "rel:0"},
            {"instruction_addr": "0x1190", "addr_mode": "rel:e20a2268-5dc6-c165-b6aa-a12fa6765a6e"}],
            "instruction_addr_adjustment": "all_but_first", "registers": {"rip": "0x55d0c0de1139"}}}]},
    "threads": {"values": [{"id": 12, "crashed": True, "current": True}]},
    "debug_meta": {"images": [
        {"type": "elf", "code_file": "/app/till", "code_id": "68220ae2c65d65c1b6aaa12fa6765a6ec2f5f434",
         "debug_id": "e20a2268-5dc6-c165-b6aa-a12fa6765a6e", "image_addr": "0x55d0c0de0000", "image_size": 98304},
        {"type": "elf", "code_file": "/app/libbig.so", "image_addr": "0x7f0000000000", "image_size": -2147483648},
    ]},
}
with sentry_sdk.new_scope() as scope:
    scope.set_tag("shop", "north")
    sentry_sdk.capture_event(native)
with sentry_sdk.new_scope() as scope:
    scope.add_attachment(bytes=b"drawer\nopen\r\n{\"type\":\"event\"}\n", filename="till.log")
    sentry_sdk.capture_event(dict(native, event_id="0dc79c33ec9942ab8353589fcb2e04dc"))
for name, envelope in zip(("python", "python-attachment"), kept):
    data = envelope.serialize()
    open(f"{sys.argv[1]}/{name}.envelope", "wb").write(data)

# sentry-native's forms, by its documentation: without lengths for the event's id, with a minidump as an attachment.
event = dict(native)
del event["event_id"]
event["sdk"] = {"name": "sentry.native", "version": "0.16.3"}
text = json.dumps(event, separators=(",", ":")).encode()
dump = b"MDMP\x93\xa7\x00\x00" + bytes(range(256)) + b"\n{}\n"
out = io.BytesIO()
out.write(b'{"dsn":"https://key@localhost/42","event_id":"1f2e3d4c-0000-4000-8000-000000000001"}\n')
out.write(b'{"type":"event","length":%d}\n%s\n' % (len(text), text))
out.write(b'{"type":"attachment","length":%d,"attachment_type":"event.minidump","filename":"minidump.dmp"}\n%s\n' % (len(dump), dump))
out.write(b'{"type":"session"}\n{"sid":"1","status":"crashed"}\n{"type":"client_report","length":2}\n{}')
open(f"{sys.argv[1]}/native-minidump.envelope", "wb").write(out.getvalue())
