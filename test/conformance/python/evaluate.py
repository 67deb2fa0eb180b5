"""The walk of one flag: SPEC.md, chapters 5, 6, 8 and 10 to 12.

Reads definitions as they are; `check` has left out those that do not compile.
"""
from gates import NOBODY, Abort, complete, in_range, match_holds, number_of
from operators import NEGATIVE, PRESENCE, apply_operator
from values import ABSENT, native_text, parse_instant, read
from weights import resolve


def answer(reason, enabled, variant=None, rule_id="", error=None):
    result = {"reason": reason, "ruleId": rule_id, "enabled": enabled}
    if variant is not None:
        result.update(variant=variant["key"], value=variant["value"])
    if error is not None:
        result["errorCode"] = error
    return result


def kind_of(kind, value):
    """A flag of any kind answers each value's own kind."""
    if kind != "FLAG_KIND_ANY":
        return kind
    names = {bool: "BOOLEAN", str: "STRING", float: "NUMBER", dict: "OBJECT"}
    return f"FLAG_KIND_{names.get(type(value), 'ANY')}"


class Engine:
    def __init__(self, flags, segments):
        """Units by key, all of which compile."""
        self.flags = flags
        self.segments = segments

    def evaluate(self, key, context, now):
        unit = self.flags.get(key)
        if unit is None:
            return answer("ERROR", False, error="FLAG_NOT_FOUND")
        walk = Walk(self, unit, context, now)
        result = walk.run() if isinstance(context, dict) else walk.error("INVALID_CONTEXT")
        return {**result, "kind": kind_of(unit["flag"]["kind"], result.get("value"))}


class Walk:
    """One flag, one context, one instant."""

    def __init__(self, engine, unit, context, now):
        self.engine = engine
        self.key = unit["key"]
        self.flag = unit["flag"]
        self.config = unit.get("config", {})
        self.switch = self.config.get("enabled", False)
        self.variants = {variant["key"]: variant for variant in self.flag.get("variants", [])}
        self.context = context
        self.now = now

    def run(self):
        try:
            return self.decide()
        except Abort as abort:
            return self.error(abort.code)

    def served(self, reason, key, rule_id="", override=None):
        """`key` "" or None is the caller's default."""
        variant = self.variants[key] if key else None
        override = override or (variant or {}).get("enabledOverride")
        enabled = override == "ENABLED_OVERRIDE_ON" if override else self.switch
        return answer(reason, enabled, variant, rule_id)

    def error(self, code, rule_id=""):
        return answer("ERROR", self.switch, rule_id=rule_id, error=code)

    def off_variant(self):
        return self.config.get("offVariant") or self.flag.get("offVariant")

    def decide(self):
        config = self.config
        prerequisites = config.get("prerequisites", [])
        if self.switch or config.get("prerequisitesBeforeSwitch"):
            failed = self.failed_prerequisite(prerequisites)
            if failed is not None:
                return self.outcome(failed, "PREREQUISITE_OUTCOME_OFF_VARIANT", "")
        if not self.switch:
            return self.served("DISABLED", self.off_variant())
        for holdout in config.get("holdouts", []):
            if match_holds(holdout["subjects"], f"{self.key}.holdout.", self.context, self.now):
                return self.served("SPLIT", holdout.get("variant") or self.off_variant(), holdout["id"])
        for target in config.get("targets", []):
            if self.listed(target) in target["values"]:
                return self.served("TARGETING_MATCH", target["variant"])
        for rule in config.get("rules", []):
            result = self.rule(rule)
            if result is not None:
                return result
        result = None
        if "fallthrough" in config:
            stages = ("prerequisites", "holdouts", "targets", "rules")
            reason = "DEFAULT" if any(config.get(stage) for stage in stages) else "STATIC"
            result = self.serve(config["fallthrough"], reason, "")
        return result or self.served("DEFAULT", None)

    def listed(self, definition):
        """The text that targets and segments look for in their lists."""
        value = read(self.context, definition.get("attribute", ""), definition.get("contextKind", ""))
        return None if value is ABSENT else native_text(value)

    # Rules

    def rule(self, rule):
        if not self.open(rule.get("window", {})):
            return None
        failed = self.failed_prerequisite(rule.get("prerequisites", []))
        if failed is not None:
            return self.outcome(failed, "PREREQUISITE_OUTCOME_NEXT_RULE", rule["id"])
        if "condition" in rule and not self.holds(rule["condition"]):
            return None
        return self.serve(rule["serve"], "TARGETING_MATCH", rule["id"])

    def open(self, window):
        start, end = (parse_instant(window[name]) if name in window else None for name in ("start", "end"))
        if start is not None and self.now < start:
            return False
        return end is None or self.now < end or (self.now == end and window.get("endInclusive", False))

    def serve(self, serve, reason, rule_id):
        """None: nothing is served, and the walk goes on."""
        override = serve.get("enabledOverride")
        if "variant" in serve:
            return self.served(reason, serve["variant"], rule_id, override)
        if "ending" in serve:
            if serve["ending"] == "ENDING_ERROR":
                return self.error("GENERAL", rule_id)
            return self.served("DEFAULT", None, rule_id, override)
        entries = serve["split"]["entries"]
        entry = self.entry_of(serve["split"])
        if entry is not None:
            return self.served("SPLIT", entries[entry]["variant"], rule_id, override)
        miss = serve.get("onMiss", "MISS_POLICY_NEXT_RULE")
        if miss == "MISS_POLICY_VARIANT":
            return self.served("SPLIT", serve["missVariant"], rule_id, override)
        if miss == "MISS_POLICY_LAST_ENTRY":
            return self.served("SPLIT", entries[-1]["variant"], rule_id, override)
        if miss == "MISS_POLICY_CODE_DEFAULT":
            return self.served("DEFAULT", None, rule_id, override)
        return self.error("GENERAL", rule_id) if miss == "MISS_POLICY_ERROR" else None

    def entry_of(self, split):
        """Index of the entry that serves, or None."""
        if not self.all_match(split.get("traffic", []), "traffic"):
            return None
        gate = complete(split.get("gate", {}), f"{self.key}.")
        spans, _, _ = resolve(split)
        alone = all(entry.get("alsoAlone") for entry in split["entries"])
        number = NOBODY if alone else number_of(gate, self.context)
        for index, entry in enumerate(split["entries"]):
            also = entry.get("also", [])
            if entry.get("alsoAlone"):
                if self.all_match(also, "also"):
                    return index
                continue
            inside = number is not NOBODY and any(in_range(gate, number, *span) for span in spans[index])
            if inside and self.all_match(also, "also"):
                return index
        return None

    def all_match(self, matches, role):
        return all(match_holds(match, f"{self.key}.{role}.", self.context, self.now) for match in matches)

    # Prerequisites

    def failed_prerequisite(self, prerequisites):
        return next((own for own in prerequisites if not self.prerequisite_holds(own)), None)

    def prerequisite_holds(self, prerequisite):
        parent = self.engine.flags.get(prerequisite["flag"])
        if parent is None:
            if prerequisite.get("missingFlag") == "MISSING_FLAG_POLICY_ERROR":
                raise Abort("GENERAL")
            return False
        given = self.engine.evaluate(prerequisite["flag"], self.context, self.now)
        if given["reason"] == "ERROR":
            return False
        state = prerequisite.get("state", "PREREQUISITE_STATE_ON")
        if state != "PREREQUISITE_STATE_ANY" and given["enabled"] != (state == "PREREQUISITE_STATE_ON"):
            return False
        variants = prerequisite.get("variants")
        if variants and given.get("variant") not in variants:
            return False
        if "value" not in prerequisite:
            return True
        return self.holds(prerequisite["value"], {"value": given["value"]} if "value" in given else {})

    def outcome(self, prerequisite, otherwise, rule_id):
        """None: the next rule."""
        outcome = prerequisite.get("onFailure", otherwise)
        if outcome == "PREREQUISITE_OUTCOME_OFF_VARIANT":
            return self.served("DEFAULT", self.off_variant(), rule_id)
        if outcome == "PREREQUISITE_OUTCOME_VARIANT":
            return self.served("DEFAULT", prerequisite["failureVariant"], rule_id)
        if outcome == "PREREQUISITE_OUTCOME_CODE_DEFAULT":
            return self.served("DEFAULT", None, rule_id)
        return self.error("GENERAL", rule_id) if outcome == "PREREQUISITE_OUTCOME_ERROR" else None

    # Conditions

    def holds(self, condition, context=None):
        context = self.context if context is None else context
        if "all" in condition:
            return all(self.holds(inner, context) for inner in condition["all"].get("conditions", []))
        if "any" in condition:
            return any(self.holds(inner, context) for inner in condition["any"].get("conditions", []))
        if "not" in condition:
            return not self.holds(condition["not"], context)
        if "compare" in condition:
            return compares(condition["compare"], context)
        if "segment" in condition:
            unit = self.engine.segments.get(condition["segment"])
            if unit is None and condition["missingSegment"] == "MISSING_SEGMENT_POLICY_ERROR":
                raise Abort("GENERAL")
            return unit is not None and self.in_segment(unit)
        if "prerequisite" in condition:
            return self.prerequisite_holds(condition["prerequisite"])
        return match_holds(condition["gate"], f"{self.key}.condition.", context, self.now)

    def in_segment(self, unit):
        segment = unit["segment"]
        text = self.listed(segment)
        lists = [("excluded", False), ("included", True)]
        for name, inside in reversed(lists) if segment.get("includedFirst") else lists:
            if text is not None and text in segment.get(name, []):
                return inside
        if "condition" not in segment:
            return False
        # Gates inside a segment are seeded by its own key, whichever flag asks.
        inner = Walk(self.engine, {"key": unit["key"], "flag": {}}, self.context, self.now)
        return inner.holds(segment["condition"])


def compares(comparison, context):
    name = comparison["operator"]
    negate = comparison.get("negate", False) != (name in NEGATIVE)
    value = read(context, comparison.get("attribute", ""), comparison.get("contextKind", ""))
    result = None
    if value is not ABSENT:
        operands = comparison.get("values", [])
        result = apply_operator(name, value, operands, comparison.get("ignoreCase", False))
    if result is None:
        applies = name in PRESENCE or comparison.get("missing") == "MISSING_POLICY_NEGATE"
        return negate and applies
    return result != negate
