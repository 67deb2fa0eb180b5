"""Gates, ranges and ramps: SPEC.md, chapter 7."""
from values import ABSENT, length, native_text, parse_instant, read, utf8

TEXT_LIMIT = 8192
NOBODY = None
MASK = 0xFFFFFFFF


class Abort(Exception):
    """Ends the evaluation of one flag with an error."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def rotate(value, bits):
    return (value << bits | value >> 32 - bits) & MASK


def murmur3_x86_32(data, seed):
    def scrambled(block):
        return rotate(block * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK

    h = seed & MASK
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        h ^= scrambled(int.from_bytes(data[at : at + 4], "little"))
        h = (rotate(h, 13) * 5 + 0xE6546B64) & MASK
    if whole < len(data):
        h ^= scrambled(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def multiply_shift(number, buckets):
    return number * buckets >> 32


def complete(gate, prefix):
    """The gate with everything that it leaves to defaults."""
    unseeded = not (gate.get("hash") or gate.get("prefix") or gate.get("suffix") or gate.get("seed"))
    return {
        **gate,
        "prefix": prefix if unseeded else gate.get("prefix", ""),
        "buckets": int(gate.get("buckets") or 100_000),
        "offset": int(gate.get("offset", 0)),
    }


def number_of_text(gate, text):
    data = utf8(gate["prefix"]) + utf8(text) + utf8(gate.get("suffix", ""))
    return multiply_shift(murmur3_x86_32(data, int(gate.get("seed", 0))), gate["buckets"]) + gate["offset"]


def subject_text(gate, context):
    texts = []
    for attribute in gate.get("attributes") or [""]:
        value = read(context, attribute, gate.get("contextKind", ""))
        text = None if value is ABSENT else native_text(value)
        if text is not None and length(text) <= TEXT_LIMIT:
            texts.append(text)
    if not texts:
        return None
    if gate.get("combine") != "GATE_COMBINE_JOIN_PRESENT":
        return texts[0]
    joined = gate.get("separator", "").join(texts)
    return joined if length(joined) <= TEXT_LIMIT else None


def number_of(gate, context):
    """The number of a complete gate, or NOBODY."""
    text = subject_text(gate, context)
    if text is not None:
        return number_of_text(gate, text)
    missing = gate.get("missing")
    if missing == "GATE_MISSING_POLICY_ZERO":
        return gate["offset"]
    if missing == "GATE_MISSING_POLICY_TEXT":
        return number_of_text(gate, gate.get("missingText", ""))
    if missing == "GATE_MISSING_POLICY_ERROR":
        raise Abort("TARGETING_KEY_MISSING")
    return NOBODY


def in_range(gate, number, lower, upper):
    if gate.get("zeroIsNobody") and upper == 0:
        return False
    closed = gate.get("upperClosed") or (gate.get("fullIsClosed") and upper == gate["offset"] + gate["buckets"])
    return lower <= number and (number <= upper if closed else number < upper)


def ramp_bound(ramp, now):
    """The upper bound at this instant; None before the first step."""
    steps = [(parse_instant(step["time"]), step.get("to", 0.0)) for step in ramp["steps"]]
    past = [step for step in steps if step[0] <= now]
    if not past:
        return None
    start, bound = past[-1]
    if len(past) == len(steps) or ramp.get("curve") == "RAMP_CURVE_STEPPED":
        return bound
    end, target = steps[len(past)]
    return bound + (target - bound) * ((now - start) / (end - start))


def match_holds(match, prefix, context, now):
    """`prefix` seeds a gate that has no seed of its own; a group's wins over it."""
    group = match.get("group")
    gate = complete(match.get("gate", {}), f"group/{group}." if group else prefix)
    number = number_of(gate, context)
    if number is NOBODY:
        return False
    if "ramp" in match:
        bound = ramp_bound(match["ramp"], now)
        return bound is not None and in_range(gate, number, 0, bound)
    return any(in_range(gate, number, *ends(part)) for part in match["ranges"])


def ends(part):
    return part.get("from", 0.0), part.get("to", 0.0)
