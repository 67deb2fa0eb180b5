/** What `flagstream dev` says once it runs: where it listens, and lines to paste. */
import { isFlagKey, projectName } from '@flagstream/protocol';
import { ListFlagsRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { AdminConnection } from '../connection/admin-connection.ts';
import { parseEndpoint } from '../connection/endpoint.ts';
import { counted, keyOfName } from '../output/flag-text.ts';
import type { RunningRole } from '../roles/roles.ts';
import type { Style } from '../terminal.ts';
import { VERSION } from '../version.ts';

export interface Welcome {
  readonly controlPlane: Pick<RunningRole, 'grpcPort' | 'managementPort'>;
  readonly evaluator: Pick<RunningRole, 'grpcPort' | 'managementPort' | 'syncPort' | 'ofrepPort'>;
  readonly data: string;
  /** Where all flags come from; undefined: the data folder has them. */
  readonly files: readonly string[] | undefined;
  /** Commands find the servers without being told. */
  readonly defaultPorts: boolean;
  /** Keys of flags that are there; undefined: nobody looked. */
  readonly flags: readonly string[] | undefined;
  /** Whether the ports speak TLS. */
  readonly tls: boolean;
  readonly paint: (style: Style, text: string) => string;
}

/** Of the demo flags the one with the most to see. */
const PREFERRED_FLAG = 'new-checkout';
/** Gets another answer once the demo's rollout is at half. */
const SOMEBODY = 'user-3';
const TIMEOUT_MS = 5_000;

/** Some flags of the project, so that the lines to paste name one that is there. */
export async function flagsToShow(server: string, project: string): Promise<readonly string[]> {
  const admin = new AdminConnection(parseEndpoint('control plane', server), TIMEOUT_MS);
  try {
    const request = ListFlagsRequest.fromPartial({ parent: projectName(project) });
    const { flags } = await admin.call(admin.client.listFlags, request);
    return flags.map(({ name }) => keyOfName(name));
  } finally {
    admin.close();
  }
}

export function welcomeText({
  controlPlane,
  evaluator,
  data,
  files,
  defaultPorts,
  flags,
  tls,
  paint,
}: Welcome): string {
  const trust = tls ? ' --ca-file ca.pem' : '';
  const server = `${defaultPorts ? '' : ` --server localhost:${controlPlane.grpcPort}`}${trust}`;
  const evaluation = `${defaultPorts ? '' : ` --evaluator localhost:${evaluator.grpcPort}`}${trust}`;
  const grpcurl = `grpcurl ${tls ? '-cacert ca.pem' : '-plaintext'}`;
  const asked = {
    ...{ server, evaluation, grpcurl, evaluator: `localhost:${evaluator.grpcPort}` },
    curl: `curl ${tls ? '--cacert ca.pem ' : ''}`,
    ofrep: `${tls ? 'https' : 'http'}://localhost:${evaluator.ofrepPort}`,
  };
  const lines = files === undefined ? linesOfOwnFlags(flags, asked) : linesOfFlagdFlags(flags ?? [], asked);
  const row = (name: string, grpc: number, management: number): string =>
    `  ${name.padEnd(14)} localhost:${grpc} (gRPC)   ${tls ? 'https' : 'http'}://localhost:${management}/metrics`;
  const kept = files === undefined ? data : files.join(', ');
  return `${paint('bold', `Flagstream ${VERSION}`)}: everything in one process, on this machine only, no key needed.

${row('control plane', controlPlane.grpcPort, controlPlane.managementPort)}
${row('evaluator', evaluator.grpcPort, evaluator.managementPort)}
  providers      flagd: localhost:${evaluator.grpcPort} (RPC), localhost:${evaluator.syncPort} (in process); OFREP: ${asked.ofrep}
  ${(files === undefined ? 'data' : 'flags').padEnd(14)} ${kept}${files === undefined ? '' : `: ${counted(flags?.length ?? 0, 'flag')} as flagd has them, changes are followed`}

In another terminal:

${lines.map((line) => `  ${line}`).join('\n')}

Ctrl-C stops it; the flags stay in ${kept}.`;
}

/** What lines to paste have in common. */
interface Asked {
  readonly server: string;
  readonly evaluation: string;
  readonly grpcurl: string;
  readonly evaluator: string;
  readonly curl: string;
  readonly ofrep: string;
}

function linesOfOwnFlags(
  flags: readonly string[] | undefined,
  { server, evaluation, grpcurl, evaluator, curl, ofrep }: Asked,
): readonly string[] {
  const known = flags === undefined || flags.includes(PREFERRED_FLAG) ? PREFERRED_FLAG : flags[0];
  const flag = known ?? PREFERRED_FLAG;
  return [
    ...(known === undefined ? [`npx flagstream flag create ${flag} --enable${server}`] : []),
    `npx flagstream flag list${server}`,
    `npx flagstream eval ${flag} -c '{"targetingKey":"${SOMEBODY}"}' --explain${evaluation}`,
    `npx flagstream watch${evaluation}`,
    `npx flagstream flag rollout ${flag} 50%${server}`,
    `${grpcurl} -d '{"flagKey":"${flag}","context":{"targetingKey":"${SOMEBODY}"}}' \\`,
    `  ${evaluator} flagstream.v1.EvaluationService/Evaluate`,
    `${curl}-d '{"context":{"targetingKey":"${SOMEBODY}"}}' \\`,
    `  ${ofrep}/ofrep/v1/evaluate/flags/${flag}`,
  ];
}

/** Changes are made in the file; flagd's clients find the port where flagd has it. */
function linesOfFlagdFlags(
  flags: readonly string[],
  { server, evaluation, grpcurl, evaluator }: Asked,
): readonly string[] {
  // Any other key would need a shell's quotes.
  const flag = flags.find(isFlagKey);
  return [
    `npx flagstream flag list${server}`,
    ...(flag === undefined
      ? []
      : [`npx flagstream eval ${flag} -c '{"targetingKey":"${SOMEBODY}"}' --explain${evaluation}`]),
    `npx flagstream watch${evaluation}`,
    `${grpcurl} -d '{"context":{"targetingKey":"${SOMEBODY}"}}' \\`,
    `  ${evaluator} flagd.evaluation.v1.Service/ResolveAll`,
  ];
}
