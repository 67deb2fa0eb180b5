/**
 * The FileDescriptorSet of everything served, comments included, for
 * reflection. Kept as a module so that bundles carry it.
 */
import { DESCRIPTOR_SET_BASE64 } from './gen/descriptor-set.ts';

let decoded: Uint8Array | undefined;

/** Encoded google.protobuf.FileDescriptorSet, as `buf build` writes it. */
export function descriptorSet(): Uint8Array {
  decoded ??= Buffer.from(DESCRIPTOR_SET_BASE64, 'base64');
  return decoded;
}
