"""flagd's Python provider, as published. Questions come as JSON lines; answers and events go out as such.

Where it connects to stands in the FLAGD_ variables. It stops at the end of its input.
"""

import json
import sys
import threading

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent

EVENTS = {
    "ready": ProviderEvent.PROVIDER_READY,
    "stale": ProviderEvent.PROVIDER_STALE,
    "error": ProviderEvent.PROVIDER_ERROR,
    "changed": ProviderEvent.PROVIDER_CONFIGURATION_CHANGED,
}
output = threading.Lock()


def show(line):
    with output:
        print(json.dumps(line), flush=True)


def teller(event):
    return lambda details: show({"event": event, "flags": details.flags_changed or []})


def main():
    client = api.get_client()
    tellers = {event: teller(event) for event in EVENTS}
    for event, name in EVENTS.items():
        client.add_handler(name, tellers[event])
    api.set_provider_and_wait(FlagdProvider())
    show({"started": True})
    ask = {
        "boolean": client.get_boolean_details,
        "string": client.get_string_details,
        "integer": client.get_integer_details,
        "number": client.get_float_details,
        "object": client.get_object_details,
    }
    for line in sys.stdin:
        question = json.loads(line)
        attributes = dict(question["context"])
        context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        answer = ask[question["type"]](question["flag"], question["default"], context)
        show(
            {
                "id": question["id"],
                "value": answer.value,
                "variant": answer.variant,
                "reason": answer.reason,
                "errorCode": answer.error_code,
                "metadata": answer.flag_metadata,
            }
        )
    api.shutdown()
    show({"stopped": True})


if __name__ == "__main__":
    main()
