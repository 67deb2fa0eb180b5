"""What is refused about one flag or segment by itself, with code and path: SPEC.md, chapter 13."""
import json
import math
import re

from gates import complete
from operators import EQUALITY, MEMBERS, OPERATORS, PRESENCE, TEXTUAL, block_of, instant_of, version_of
from values import FORBIDDEN_PARTS, is_number, is_scalar, length, parse_instant, parts_of
from weights import resolve

KINDS = {
    "FLAG_KIND_BOOLEAN": lambda value: isinstance(value, bool),
    "FLAG_KIND_STRING": lambda value: isinstance(value, str),
    "FLAG_KIND_NUMBER": is_number,
    "FLAG_KIND_OBJECT": lambda value: isinstance(value, dict),
    "FLAG_KIND_ANY": lambda value: True,
}
OUTCOMES = ("variant", "split", "jsonLogic", "ending")
MEMBER_NAMES = ("all", "any", "not", "compare", "segment", "prerequisite", "gate", "jsonLogic")
NAMES_BUILT = {
    "hash": ("", "murmur3-x86-32"),
    "encoding": ("", "utf8"),
    "normalizer": ("", "multiply-shift"),
    "stringify": ("",),
}


class Checker:
    """Collects the problems of one flag or segment, and what it refers to."""

    def __init__(self, key, entity):
        self.key = key
        self.entity = entity
        self.problems = []
        self.references = []
        self.nodes = 0

    def add(self, code, path, entity=None):
        self.problems.append({"entity": entity or self.entity, "key": self.key, "code": code, "path": path})

    def limit(self, size, allowed, path, entity=None):
        if size > allowed:
            self.add("LIMIT_EXCEEDED", path, entity)

    # Conditions

    def attribute(self, definition, path, value=None):
        attribute = definition.get("attribute", "") if value is None else value
        kind = definition.get("contextKind", "")
        if length(attribute) > 256:
            self.add("LIMIT_EXCEEDED", path)
        else:
            parts = parts_of(attribute)
            if parts is None or FORBIDDEN_PARTS & set(parts):
                self.add("BAD_ATTRIBUTE", path)
        if length(kind) > 256 or kind == "multi" or kind in FORBIDDEN_PARTS:
            self.add("BAD_ATTRIBUTE", path)

    def condition(self, condition, path, depth=1):
        self.nodes += 1
        if self.nodes == 1001:
            self.add("LIMIT_EXCEEDED", path)
        if depth > 20:
            return self.add("LIMIT_EXCEEDED", path)
        present = [name for name in MEMBER_NAMES if name in condition]
        if len(present) != 1:
            return self.add("BAD_CONDITION", path)
        missing_segment = condition.get("missingSegment")
        if missing_segment is not None and "segment" not in condition:
            self.add("BAD_CONDITION", f"{path}.missingSegment")
        name = present[0]
        member, path = condition[name], f"{path}.{name}"
        if name in ("all", "any"):
            for index, inner in enumerate(member.get("conditions", [])):
                self.condition(inner, f"{path}.conditions[{index}]", depth + 1)
        elif name == "not":
            self.condition(member, path, depth + 1)
        elif name == "compare":
            self.comparison(member, path)
        elif name == "segment":
            if member == "":
                self.add("MISSING_FIELD", path)
            else:
                self.references.append(("segment", member, (), missing_segment is not None, path))
        elif name == "prerequisite":
            if "onFailure" in member:
                self.add("BAD_OUTCOME", f"{path}.onFailure")
            self.prerequisite(member, path, depth)
        elif name == "gate":
            self.match(member, path)
        return None

    def comparison(self, comparison, path):
        self.attribute(comparison, f"{path}.attribute")
        if comparison.get("missing") == "MISSING_POLICY_UNKNOWN":
            self.add("NOT_BUILT", f"{path}.missing")
        if comparison.get("dialect", "") != "":
            return self.add("NOT_BUILT", f"{path}.dialect")
        name = comparison.get("operator", "")
        if name not in OPERATORS:
            return self.add("UNKNOWN_OPERATOR" if name else "MISSING_FIELD", f"{path}.operator")
        values = comparison.get("values", [])
        if (name in PRESENCE) == bool(values):
            self.add("BAD_OPERAND", f"{path}.values")
        if comparison.get("ignoreCase") and name not in TEXTUAL:
            self.add("BAD_OPERAND", f"{path}.ignoreCase")
        if comparison.get("salts"):
            self.add("NOT_BUILT", f"{path}.salts")
        self.limit(len(values), 10_000, f"{path}.values")
        for index, value in enumerate(values):
            if isinstance(value, str):
                self.limit(length(value), 4096, f"{path}.values[{index}]")
            code = None if name in PRESENCE else operand_problem(name, value)
            if code is not None:
                self.add(code, f"{path}.values[{index}]")
        return None

    def prerequisite(self, prerequisite, path, depth=0):
        flag, variants = prerequisite.get("flag", ""), prerequisite.get("variants", [])
        if flag == "":
            self.add("MISSING_FIELD", f"{path}.flag")
        else:
            self.references.append(("flag", flag, tuple(variants), "missingFlag" in prerequisite, path))
        if not variants and "state" not in prerequisite and "value" not in prerequisite:
            self.add("MISSING_FIELD", f"{path}.variants")
        self.limit(len(variants), 250, f"{path}.variants")
        if "value" in prerequisite:
            if not compares_only(prerequisite["value"]):
                self.add("BAD_CONDITION", f"{path}.value")
            self.condition(prerequisite["value"], f"{path}.value", depth + 1)

    # Gates

    def gate(self, gate, path):
        for name in ("seed", "buckets", "offset"):
            value = gate.get(name, 0.0)
            if value != int(value) or not 0 <= value <= 2**32 - 1:
                self.add("BAD_GATE", f"{path}.{name}")
        for name in ("prefix", "suffix", "missingText", "separator"):
            self.limit(length(gate.get(name, "")), 256, f"{path}.{name}")
        for name, built in NAMES_BUILT.items():
            if gate.get(name, "") not in built:
                self.add("NOT_BUILT", f"{path}.{name}")
        attributes = gate.get("attributes") or [""]
        self.limit(len(attributes), 16, f"{path}.attributes")
        for index, attribute in enumerate(attributes):
            self.attribute(gate, f"{path}.attributes[{index}]", value=attribute)
        if gate.get("missing") == "GATE_MISSING_POLICY_RANDOM":
            self.add("NOT_BUILT", f"{path}.missing")
        if gate.get("separator") and gate.get("combine") != "GATE_COMBINE_JOIN_PRESENT":
            self.add("BAD_GATE", f"{path}.separator")

    def ranges(self, ranges, gate, path):
        self.limit(len(ranges), 1000, path)
        full = complete(gate, "")
        end = full["offset"] + full["buckets"]
        for index, part in enumerate(ranges):
            if not 0 <= part.get("from", 0.0) <= part.get("to", 0.0) <= end:
                self.add("BAD_RANGE", f"{path}[{index}]")

    def match(self, match, path):
        gate, ranges = match.get("gate", {}), match.get("ranges", [])
        self.limit(length(match.get("group", "")), 128, f"{path}.group")
        self.gate(gate, f"{path}.gate")
        if "ramp" not in match:
            if not ranges:
                self.add("MISSING_FIELD", f"{path}.ranges")
            return self.ranges(ranges, gate, f"{path}.ranges")
        if ranges:
            self.add("BAD_RANGE", f"{path}.ramp")
        return self.ramp(match["ramp"], complete(gate, ""), f"{path}.ramp")

    def ramp(self, ramp, gate, path):
        steps = ramp.get("steps", [])
        if not steps:
            self.add("MISSING_FIELD", f"{path}.steps")
        self.limit(len(steps), 100, f"{path}.steps")
        last = float("-inf")
        for index, step in enumerate(steps):
            time = parse_instant(step.get("time", ""))
            if time is None or time <= last:
                self.add("BAD_RAMP", f"{path}.steps[{index}].time")
            else:
                last = time
            if not 0 <= step.get("to", 0.0) <= gate["offset"] + gate["buckets"]:
                self.add("BAD_RANGE", f"{path}.steps[{index}].to")

    def matches(self, matches, path):
        self.limit(len(matches), 16, path)
        for index, match in enumerate(matches):
            self.match(match, f"{path}[{index}]")

    def split(self, split, path, variants):
        gate = split.get("gate", {})
        _, _, problems = resolve(split)
        for where, code in problems:
            self.add(code, f"{path}.{where}")
        entries = split.get("entries", [])
        if not all(entry.get("alsoAlone") for entry in entries):
            self.gate(gate, f"{path}.gate")
        self.matches(split.get("traffic", []), f"{path}.traffic")
        if not entries:
            self.add("MISSING_FIELD", f"{path}.entries")
        if "sticky" in split:
            self.add("NOT_BUILT", f"{path}.sticky")
        self.limit(len(entries), 250, f"{path}.entries")
        self.limit(sum(len(entry.get("ranges", [])) for entry in entries), 2000, f"{path}.entries")
        for index, entry in enumerate(entries):
            own = f"{path}.entries[{index}]"
            if entry.get("alsoAlone"):
                if entry.get("weight") or entry.get("ranges"):
                    self.add("BAD_SPLIT", f"{own}.alsoAlone")
                if not entry.get("also"):
                    self.add("MISSING_FIELD", f"{own}.also")
            else:
                self.ranges(entry.get("ranges", []), gate, f"{own}.ranges")
            self.matches(entry.get("also", []), f"{own}.also")
            self.variant(entry.get("variant"), variants, f"{own}.variant")

    # Flags

    def variant(self, key, variants, path, entity=None):
        if not key:
            self.add("MISSING_FIELD", path, entity)
        elif key not in variants:
            self.add("UNKNOWN_VARIANT", path, entity)

    def serve(self, serve, path, variants):
        given = [name for name in OUTCOMES if name in serve]
        if len(given) != 1:
            return self.add("BAD_OUTCOME" if given else "MISSING_FIELD", path)
        if "variant" in serve:
            self.variant(serve["variant"], variants, f"{path}.variant")
        if "split" in serve:
            self.split(serve["split"], f"{path}.split", variants)
            if serve.get("onMiss") == "MISS_POLICY_VARIANT":
                self.variant(serve.get("missVariant"), variants, f"{path}.missVariant")
        return None

    def flag(self, flag):
        kind = flag.get("kind")
        if kind not in KINDS:
            self.add("MISSING_FIELD", "kind", "flag")
        variants = flag.get("variants", [])
        self.limit(len(variants), 250, "variants", "flag")
        seen = set()
        for index, variant in enumerate(variants):
            key = variant.get("key", "")
            if not key:
                self.add("MISSING_FIELD", f"variants[{index}].key", "flag")
            if key in seen:
                self.add("DUPLICATE_VARIANT", f"variants[{index}].key", "flag")
            seen.add(key)
            self.value(variant, kind, f"variants[{index}].value")
        if flag.get("offVariant"):
            self.variant(flag["offVariant"], seen, "offVariant", "flag")
        return seen

    def value(self, variant, kind, path):
        if "value" not in variant:
            return self.add("MISSING_FIELD", path, "flag")
        value = variant["value"]
        if kind in KINDS and not KINDS[kind](value):
            return self.add("TYPE_MISMATCH", path, "flag")
        if nesting(value) > 32:
            return self.add("LIMIT_EXCEEDED", path, "flag")
        if not has_finite_numbers(value):
            return self.add("TYPE_MISMATCH", path, "flag")
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return self.limit(length(text), 65_536, path, "flag")

    def prerequisites(self, prerequisites, path, variants, of_rule):
        self.limit(len(prerequisites), 50, path)
        for index, prerequisite in enumerate(prerequisites):
            own = f"{path}[{index}]"
            self.prerequisite(prerequisite, own)
            outcome = prerequisite.get("onFailure")
            if outcome == "PREREQUISITE_OUTCOME_NEXT_RULE" and not of_rule:
                self.add("BAD_OUTCOME", f"{own}.onFailure")
            if outcome == "PREREQUISITE_OUTCOME_VARIANT":
                self.variant(prerequisite.get("failureVariant"), variants, f"{own}.failureVariant")

    def config(self, config, variants):
        if config.get("offVariant"):
            self.variant(config["offVariant"], variants, "offVariant")
        self.prerequisites(config.get("prerequisites", []), "prerequisites", variants, False)
        ids = set()
        self.limit(len(config.get("holdouts", [])), 16, "holdouts")
        for index, holdout in enumerate(config.get("holdouts", [])):
            self.identify(holdout, ids, f"holdouts[{index}].id")
            self.match(holdout.get("subjects", {}), f"holdouts[{index}].subjects")
            if holdout.get("variant"):
                self.variant(holdout["variant"], variants, f"holdouts[{index}].variant")
        self.limit(len(config.get("targets", [])), 250, "targets")
        for index, target in enumerate(config.get("targets", [])):
            self.attribute(target, f"targets[{index}].attribute")
            self.texts(target.get("values", []), f"targets[{index}].values")
            self.variant(target.get("variant"), variants, f"targets[{index}].variant")
        self.limit(len(config.get("rules", [])), 500, "rules")
        for index, rule in enumerate(config.get("rules", [])):
            path = f"rules[{index}]"
            self.identify(rule, ids, f"{path}.id")
            self.window(rule.get("window", {}), f"{path}.window")
            self.prerequisites(rule.get("prerequisites", []), f"{path}.prerequisites", variants, True)
            if "condition" in rule:
                self.condition(rule["condition"], f"{path}.condition")
            self.serve(rule.get("serve", {}), f"{path}.serve", variants)
        if "fallthrough" in config:
            self.serve(config["fallthrough"], "fallthrough", variants)

    def identify(self, definition, taken, path):
        identity = definition.get("id", "")
        if identity == "" or identity in taken:
            self.add("DUPLICATE_RULE_ID" if identity else "MISSING_FIELD", path)
        taken.add(identity)

    def window(self, window, path):
        ends = {}
        for name, endless in (("start", float("-inf")), ("end", float("inf"))):
            ends[name] = parse_instant(window[name]) if name in window else endless
            if ends[name] is None:
                self.add("BAD_WINDOW", f"{path}.{name}")
                ends[name] = endless
        start, end = ends["start"], ends["end"]
        if start > end or (start == end and not window.get("endInclusive")):
            self.add("BAD_WINDOW", path)

    def texts(self, values, path):
        if not values:
            self.add("MISSING_FIELD", path)
        self.limit(len(values), 10_000, path)
        for index, value in enumerate(values):
            self.limit(length(value), 4096, f"{path}[{index}]")

    def segment(self, segment):
        self.attribute(segment, "attribute")
        for name in ("excluded", "included"):
            self.limit(len(segment.get(name, [])), 1_000_000, name)
            for member in segment.get(name, []):
                self.limit(length(member), 4096, name)
        if "condition" in segment:
            self.condition(segment["condition"], "condition")


def has_finite_numbers(value):
    if isinstance(value, (dict, list)):
        return all(has_finite_numbers(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return not is_number(value) or math.isfinite(value)


def operand_problem(name, value):
    if not has_finite_numbers(value):
        return "BAD_OPERAND"
    if name in EQUALITY or name in MEMBERS:
        return None if is_scalar(value) else "BAD_OPERAND"
    if name in ("lt", "lte", "gt", "gte"):
        return None if is_number(value) else "BAD_OPERAND"
    if name in ("before", "after"):
        return "BAD_OPERAND" if instant_of(value) is None else None
    if name.startswith("semver"):
        return "BAD_OPERAND" if version_of(value) is None else None
    if name == "inCidr":
        return "BAD_OPERAND" if block_of(value) is None else None
    if not isinstance(value, str):
        return "BAD_OPERAND"
    return regex_problem(value) if name == "matches" else None


def regex_problem(pattern):
    if length(pattern) > 256:
        return "LIMIT_EXCEEDED"
    try:
        re.compile(pattern, re.ASCII)
        return None
    except re.error:
        return "BAD_REGEX"


def compares_only(condition):
    if any(name not in ("all", "any", "not", "compare") for name in condition):
        return False
    inner = [condition["not"]] if "not" in condition else []
    for name in ("all", "any"):
        inner += condition.get(name, {}).get("conditions", [])
    return all(compares_only(nested) for nested in inner)


def nesting(value):
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(nesting, value), default=0) if isinstance(value, list) else 0
