import { createServer, type Server } from 'node:net';
import { fail, toServiceError } from '@flagstream/protocol';
import { expect, it, onTestFinished } from 'vitest';
import { dialError } from './dial-error.ts';
import { grpcDial, type TlsOptions } from './grpc-dial.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function freedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function endOf(port: number, tls: TlsOptions | false): Promise<Error & { metadata: Record<string, string> }> {
  const dial = grpcDial({ named: {}, apiKey: undefined, tls });
  return new Promise((resolve, reject) => {
    dial(`127.0.0.1:${port}`, {
      message: () => undefined,
      ended: (error) => (error === undefined ? reject(new Error('no error')) : resolve(error)),
    });
  });
}

it('says where nobody listens, with the last cause and what to do', async () => {
  const port = await freedPort();
  const { message, metadata } = await endOf(port, false);
  expect(message).toBe(
    `the evaluator at 127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
  expect(metadata).toMatchObject({ address: `127.0.0.1:${port}`, next: expect.stringContaining('target') });
});

it('says that TLS does not fit, on either side', async () => {
  const port = await portOf(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const spoken = await endOf(port, {});
  expect(spoken.metadata['next']).toMatch(/^Look at tls: rootCertificates/);
  const closing = await portOf(createServer((socket) => socket.destroy()));
  const plain = await endOf(closing, false);
  expect(plain.metadata['next']).toMatch(/^If it speaks TLS, set tls\./);
});

it('leaves what a server answered as it is', () => {
  const answered = toServiceError(fail('UNREACHABLE', 'the log is away'));
  expect(dialError(answered, 'flags:8013', false).message).toBe('the log is away');
});
