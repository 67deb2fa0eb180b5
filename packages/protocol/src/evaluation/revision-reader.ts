/** A revision that an answer must have reached. Few requests name one, so the generated decoder reads it. */
import { messageOf } from '../errors.ts';
import { Revision } from '../gen/flagstream/v1/model.ts';
import { undecodable, type WireReader } from './wire-reader.ts';

/**
 * The field with a length in which the reader stands.
 * @param end where the message that it is in ends
 * @throws FlagstreamError INVALID_FIELD
 */
export function readRevision(reader: WireReader, end: number): Revision {
  const contentEnd = reader.contentEnd(end);
  const content = reader.bytes.subarray(reader.position, contentEnd);
  // The generated decoder stops at the end of a group that did not begin.
  while (reader.position < contentEnd) reader.skip(reader.tag(contentEnd), contentEnd);
  try {
    return Revision.decode(content);
  } catch (cause) {
    throw undecodable(`min_revision: ${messageOf(cause)}`);
  }
}
