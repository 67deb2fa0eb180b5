// The codes are gRPC's own.

import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { GRPC_STATUS } from './grpc-status.ts';

test("every code is grpc-js's code of that name", () => {
  const theirs = Object.keys(GRPC_STATUS).map((name) => [name, status[name as keyof typeof GRPC_STATUS]]);
  expect(Object.fromEntries(theirs)).toEqual(GRPC_STATUS);
});
