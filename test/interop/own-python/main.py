"""Flagstream from Python: one answer, many at once, a stream of questions, and changes as they happen."""

import json
import sys

import grpc
from flagstream.v1 import evaluation_pb2 as fs
from flagstream.v1 import evaluation_pb2_grpc

FLAG = "new-checkout"
USERS = ["user-1", "user-2", "user-3"]


def context(user):
    return {"targetingKey": user, "country": "NL"}


def show(call, of, it):
    line = {
        "call": call,
        "of": of,
        "value": it.value.bool_value,
        "variant": it.variant,
        "reason": fs.Reason.Name(it.reason),
    }
    print(json.dumps(line), flush=True)


def main():
    server = sys.argv[1] if len(sys.argv) > 1 else "localhost:8013"
    with grpc.insecure_channel(server) as channel:
        flags = evaluation_pb2_grpc.EvaluationServiceStub(channel)

        one = flags.Evaluate(fs.EvaluateRequest(flag_key=FLAG, context=context(USERS[0])))
        show("Evaluate", USERS[0], one)

        contexts = [context(user) for user in USERS]
        many = flags.EvaluateBatch(fs.EvaluateBatchRequest(flag_keys=[FLAG], contexts=contexts))
        for user, of_user in zip(USERS, many.results):
            show("EvaluateBatch", user, of_user.results[0])

        # Questions go out without waiting for answers, which come in any order: the id says whose each is.
        questions = (
            fs.EvaluateStreamRequest(id=id, context=context(user), evaluations=[{"flag_key": FLAG}])
            for id, user in enumerate(USERS, start=1)
        )
        by_id = {answer.id: answer for answer in flags.EvaluateStream(questions)}
        for id, answer in sorted(by_id.items()):
            show("EvaluateStream", str(id), answer.results[0])

        # All answers for one user, then each that changes; heartbeats say that nothing did.
        events = flags.Watch(fs.WatchRequest(flag_keys=[FLAG], context=context(USERS[0])))
        for event in events:
            if event.HasField("initial"):
                show("Watch", "initial", event.initial.results[0])
            if event.HasField("changed"):
                show("Watch", "changed", event.changed.results[0])
                break
        events.cancel()


if __name__ == "__main__":
    main()
