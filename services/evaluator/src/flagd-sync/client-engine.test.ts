import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { clientEngine, dividesOtherwise } from './client-engine.ts';

function named(userAgent: string | undefined): readonly [name: string, otherwise: boolean] {
  const metadata = new grpc.Metadata();
  if (userAgent !== undefined) metadata.set('user-agent', userAgent);
  const engine = clientEngine(metadata);
  return [engine.name, dividesOtherwise(engine)];
}

describe('the engine of a client', () => {
  it.each([
    ['grpc-node-js/1.14.7', 'node', false],
    ['grpc-go/1.76.0', 'go', false],
    ['grpc-java-netty/1.70.0', 'java', true],
    ['grpc-python/1.82.1 grpc-c/50.0.0 (linux; chttp2)', 'python', true],
    ['tonic/0.12.3', 'rust', true],
    ['grpc-dotnet/2.70.0 (.NET 9.0.0; CLR 9.0.0; net9.0; linux; x64)', 'dotnet', false],
    ['grpc-c++/1.66.0 grpc-c/43.0.0 (linux; chttp2)', 'cpp', false],
    ['curl/8', 'other', false],
    [undefined, 'other', false],
  ])('%s is %s', (userAgent, name, otherwise) => {
    expect(named(userAgent)).toEqual([name, otherwise]);
  });
});
