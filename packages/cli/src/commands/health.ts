/** `flagstream health`: asks the servers how they are; for people and for container health checks. */
import { FlagstreamError } from '@flagstream/protocol';
import {
  HealthCheckRequest,
  HealthCheckResponse_ServingStatus,
  HealthClient,
  healthCheckResponse_ServingStatusToJSON,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import { status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { Argument, Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { callUnary } from '../connection/call.ts';
import { type Endpoint, parseEndpoint } from '../connection/endpoint.ts';
import type { Trust } from '../connection/trust.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import {
  evaluatorOption,
  outputOption,
  serverOption,
  timeoutOption,
  withTrust,
} from '../options/connection-options.ts';
import { type OutputFormat, printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';

interface HealthOptions extends Trust {
  readonly server: string;
  readonly evaluator: string;
  readonly service: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

interface Finding {
  readonly role: Endpoint['role'];
  readonly address: string;
  /** SERVING, NOT_SERVING, or the reason why there is no answer. */
  readonly status: string;
  readonly detail: string;
}

export function healthCommand(session: CliSession): Command {
  return withTrust(new Command('health'))
    .description('ask the control plane and the evaluator whether they serve; exit code 6 if one does not')
    .addArgument(new Argument('[role]', 'only this one').choices(['control-plane', 'evaluator']))
    .option('--service <name>', 'gRPC health service: liveness, readiness, or a full service name', '')
    .addOption(outputOption())
    .addOption(serverOption())
    .addOption(evaluatorOption())
    .addOption(timeoutOption())
    .action(
      session.action(async (role: 'control-plane' | 'evaluator' | undefined, options: HealthOptions) => {
        const endpoints = [
          ...(role === 'evaluator' ? [] : [parseEndpoint('control plane', options.server, options)]),
          ...(role === 'control-plane' ? [] : [parseEndpoint('evaluator', options.evaluator, options)]),
        ];
        const findings = await Promise.all(endpoints.map((endpoint) => ask(endpoint, options)));
        if (options.output === 'json') printJson(session.terminal, findings);
        else
          printTable(session.terminal, findings, [
            { title: 'ROLE', value: (finding) => finding.role },
            { title: 'ADDRESS', value: ({ address }) => address },
            { title: 'STATUS', value: ({ status }) => status },
            { title: 'DETAIL', value: ({ detail }) => detail },
          ]);
        return exitCode(findings);
      }),
    );
}

const SERVING = healthCheckResponse_ServingStatusToJSON(HealthCheckResponse_ServingStatus.SERVING);
const SERVICE_UNKNOWN = healthCheckResponse_ServingStatusToJSON(
  HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN,
);

async function ask(endpoint: Endpoint, { service, timeout }: HealthOptions): Promise<Finding> {
  const client = new HealthClient(endpoint.address, endpoint.channel, endpoint.calls);
  const { role, address } = endpoint;
  try {
    const settings = { endpoint, metadata: new Metadata(), timeoutMs: timeout * 1000 };
    const answer = await callUnary(
      client,
      client.check,
      HealthCheckRequest.fromPartial({ service }),
      settings,
    );
    return { role, address, status: healthCheckResponse_ServingStatusToJSON(answer.status), detail: '' };
  } catch (error) {
    if (!(error instanceof FlagstreamError)) throw error;
    // NOT_FOUND is the health protocol's word for a service that it does not know.
    const unknown = error.status === grpcStatus.NOT_FOUND;
    return { role, address, status: unknown ? SERVICE_UNKNOWN : error.reason, detail: error.message };
  } finally {
    client.close();
  }
}

function exitCode(findings: readonly Finding[]): ExitCode {
  return findings.every(({ status }) => status === SERVING) ? EXIT.ok : EXIT.unavailable;
}
