#!/usr/bin/env python3
"""Runs the vectors of the core: `python3 run.py [folder]`.

Prints passed, failed and skipped of each file and every failure; exits with 1 when there is one. How a case reads
stands in the README.md beside the vectors.
"""
import pathlib
import sys

sys.dont_write_bytecode = True

from evaluate import Engine  # noqa: E402
from gates import multiply_shift, murmur3_x86_32  # noqa: E402
from link import compile_set  # noqa: E402
from values import load_json, native_text, parse_instant, same_json, utf8  # noqa: E402
from weights import resolve  # noqa: E402

NOW = "2026-01-01T00:00:00Z"
EVERYBODY = 100_000.0
DIALECTS = {"python"}


def expanded(value):
    """Vectors with their repetitions written out."""
    if isinstance(value, list):
        return [copy for item in value for copy in copies_of(item)]
    if isinstance(value, dict):
        if "$text" in value:
            return value["$text"] * int(value["$times"])
        return {key: expanded(member) for key, member in value.items()}
    return value


def copies_of(item):
    if isinstance(item, dict) and "$item" in item:
        return [expanded(item["$item"])] * int(item["$times"])
    return [expanded(item)]


def decide(config, case, segments=(), key="case"):
    """What a flag with this configuration, "no" for everybody else, answers: its value or {"errorCode"}."""
    variants = [{"key": "yes", "value": True}, {"key": "no", "value": False}]
    flag = {"kind": "FLAG_KIND_BOOLEAN", "variants": variants}
    whole = {"enabled": True, "fallthrough": {"variant": "no"}, **config}
    engine, problems = compile_set([{"key": key, "flag": flag, "config": whole}], segments)
    if problems:
        return problems
    answer = engine.evaluate(key, case["context"], parse_instant(case.get("now", NOW)))
    return {"errorCode": answer["errorCode"]} if "errorCode" in answer else answer["value"]


def rule_with(condition):
    return {"rules": [{"id": "rule", "condition": condition, "serve": {"variant": "yes"}}]}


def run_condition(case, file):
    condition = {"compare": case["compare"]} if "compare" in case else case["condition"]
    return decide(rule_with(condition), case, file.get("segments", [])), case["expect"]


def run_evaluation(case, file):
    units = file["sets"][case["set"]]
    if "engine" not in units:
        units["engine"], _ = compile_set(units.get("flags", []), units.get("segments", []))
    answer = units["engine"].evaluate(case["flag"], case["context"], parse_instant(case.get("now", NOW)))
    if "kind" not in case["expect"]:
        answer.pop("kind", None)
    return answer, case["expect"]


def run_hash(case, _file):
    data = utf8(case["text"])
    return [data.hex(), float(murmur3_x86_32(data, int(case["seed"])))], [case["utf8"], case["hash"]]


def run_number(case, _file):
    return float(multiply_shift(int(case["hash"]), int(case["buckets"]))), case["number"]


def run_text(case, _file):
    return native_text(case["value"]), case["text"]


def run_instant(case, _file):
    instant = parse_instant(case["text"])
    return None if instant is None else float(instant), case["ms"]


def run_gate(case, _file):
    """The number is that of the one range of width 1 that holds the subject."""
    gate, number = case["gate"], case["number"]
    end = gate.get("offset", 0.0) + (gate.get("buckets") or EVERYBODY)
    if isinstance(number, float):
        spans, wanted = [(number, number + 1), (0.0, number), (number + 1, end)], [True, False, False]
    else:
        spans, wanted = [(0.0, end)], [False if number is None else number]
    group = {"group": case["group"]} if "group" in case else {}
    matches = [{"gate": gate, **group, "ranges": [{"from": start, "to": stop}]} for start, stop in spans]
    return [decide(config_of_role(case["role"], match), case, key=case["key"]) for match in matches], wanted


def config_of_role(role, match):
    """Serves "yes" when the match holds, in its place."""
    if role == "condition":
        return rule_with({"gate": match})
    if role == "holdout":
        return {"holdouts": [{"id": "rule", "subjects": match, "variant": "yes"}]}
    everybody = {"prefix": "x", "missing": "GATE_MISSING_POLICY_ZERO"}
    whole = [{"to": EVERYBODY}]
    splits = {
        "split": {"gate": match["gate"], "entries": [{"variant": "yes", "ranges": match["ranges"]}]},
        "traffic": {"gate": everybody, "entries": [{"variant": "yes", "ranges": whole}], "traffic": [match]},
        "also": {"entries": [{"variant": "yes", "alsoAlone": True, "also": [match]}]},
    }
    return {"rules": [{"id": "rule", "serve": {"split": splits[role]}}]}


def run_weights(case, _file):
    spans, weights, problems = resolve(case["split"])
    if "problems" in case["expect"]:
        return [list(problem) for problem in problems], case["expect"]["problems"]
    got = [
        {"weight": float(weight), "ranges": [[float(start), float(end)] for start, end in own]}
        for weight, own in zip(weights, spans)
    ]
    return problems or got, case["expect"]["entries"]


def run_refusal(case, _file):
    _, problems = compile_set(case.get("flags", []), case.get("segments", []))
    return problems, case["expect"]


FORMS = {
    "conditions": run_condition,
    "evaluations": run_evaluation,
    "hashes": run_hash,
    "numbers": run_number,
    "texts": run_text,
    "instants": run_instant,
    "gates": run_gate,
    "weights": run_weights,
    "refusals": run_refusal,
}


def run_file(path):
    file = expanded(load_json(path.read_text(encoding="utf-8")))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for index, case in enumerate(file["cases"]):
        if "annex" in file or not DIALECTS.issuperset(case.get("dialects", DIALECTS)):
            counts["skipped"] += 1
            continue
        actual, expected = FORMS[file["form"]](case, file)
        passed = same_json(actual, expected)
        counts["passed" if passed else "failed"] += 1
        if not passed:
            print(f"{path.name}, {case.get('name', index)}: expected {expected}, got {actual}")
    print(f"{path.name}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return counts


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "vectors"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    results = [run_file(path) for path in sorted(folder.glob("*.json"))]
    totals = {name: sum(counts[name] for counts in results) for name in ("passed", "failed", "skipped")}
    print(f"all: {totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    sys.exit(1 if totals["failed"] or not totals["passed"] else 0)


if __name__ == "__main__":
    main()
