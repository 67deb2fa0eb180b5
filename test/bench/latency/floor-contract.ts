// The floor's two methods: bytes in, bytes out, no codec.

import type { MethodDefinition } from '@grpc/grpc-js';

const bytes = {
  requestStream: false,
  requestSerialize: (message: Buffer): Buffer => message,
  requestDeserialize: (message: Buffer): Buffer => message,
  responseSerialize: (message: Buffer): Buffer => message,
  responseDeserialize: (message: Buffer): Buffer => message,
} as const;

export const WRITE: MethodDefinition<Buffer, Buffer> = {
  ...bytes,
  path: '/floor.Writer/Write',
  responseStream: false,
};
export const FOLLOW: MethodDefinition<Buffer, Buffer> = {
  ...bytes,
  path: '/floor.Pusher/Follow',
  responseStream: true,
};

/** About the size of one flag's record in our log. */
export const RECORD_BYTES = 400;
