"""OpenFeature's Python provider for OFREP, as published. Questions come as JSON lines; answers go out as such: it tells no
events.

Where it asks stands in OFREP_ENDPOINT. It stops at the end of its input.
"""

import json
import os
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

def show(line):
    print(json.dumps(line), flush=True)


def main():
    client = api.get_client()
    api.set_provider_and_wait(OFREPProvider(os.environ["OFREP_ENDPOINT"]))
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
