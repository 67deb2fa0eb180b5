/** The request of Evaluate from its bytes, as the generated decoder makes it: the last of two fields counts. */
import type { EvaluateRequest } from '../gen/flagstream/v1/evaluation.ts';
import type { FlagKind, Revision } from '../gen/flagstream/v1/model.ts';
import { readContext, type UncheckedContext } from './context-reader.ts';
import { readRevision } from './revision-reader.ts';
import { LENGTH_DELIMITED, tagOf, VARINT, WireReader } from './wire-reader.ts';

const FLAG_KEY = tagOf(1, LENGTH_DELIMITED);
const CONTEXT = tagOf(2, LENGTH_DELIMITED);
const EXPECTED_KIND = tagOf(3, VARINT);
const MIN_REVISION = tagOf(4, LENGTH_DELIMITED);
const ALLOW_STALE = tagOf(5, VARINT);

/** @throws FlagstreamError INVALID_FIELD */
export function readEvaluateRequest(bytes: Buffer): EvaluateRequest {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  let flagKey = '';
  let context: UncheckedContext | undefined;
  let expectedKind: FlagKind = 0;
  let minRevision: Revision | undefined;
  let allowStale = false;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === FLAG_KEY) flagKey = reader.name(end);
    else if (tag === CONTEXT) context = readContext(reader, reader.contentEnd(end));
    else if (tag === EXPECTED_KIND) expectedKind = (reader.varint(end) | 0) as FlagKind;
    else if (tag === MIN_REVISION) minRevision = readRevision(reader, end);
    else if (tag === ALLOW_STALE) allowStale = reader.bool(end);
    else reader.skip(tag, end);
  }
  return { flagKey, context, expectedKind, minRevision, allowStale };
}
